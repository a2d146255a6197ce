//! The runner at work: it takes one request after the other, each on a thread of its own.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::system::System;
use holdpoint_core::actor::GateId;
use holdpoint_core::change::Setting;
use rustix::net::sockopt::socket_peercred;
use tracing::{info, warn};

use super::credential::{self, Credential};
use super::frame::{self, Kind};
use super::message::{End, Request};
use super::{Act, HANDING_OVER_MAX, NAME, look_up};
use crate::desk::{Asker, Desk};
use crate::notice;
use crate::passage::{Executed, execute};

/// Most requests that are under way at a time.
const UNDER_WAY_MAX: usize = 64;
/// How long the control plane may take for one exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// The runner of a system installation.
pub struct Runner {
    system: System,
    host: String,
    program: String,
    under_way: AtomicUsize,
}

impl Runner {
    /// A runner of this installation.
    ///
    /// # Errors
    /// Refuses to run as anybody else than the user that the configuration names, and where the machine cannot be named.
    pub fn new(system: System) -> io::Result<Self> {
        let own = rustix::process::geteuid().as_raw();
        let named = system.config().runner.user;
        if own != named {
            return Err(io::Error::other(format!(
                "the runner of this machine runs as user id {named}, and this is user id {own}"
            )));
        }
        let uname = rustix::system::uname();
        let host = uname.nodename().to_str().map_err(|_| io::Error::other("the name of this machine is not UTF-8"))?.to_owned();
        let program = std::env::current_exe()?.display().to_string();
        Ok(Self { system, host, program, under_way: AtomicUsize::new(0) })
    }

    /// Serves callers until the socket fails.
    ///
    /// # Errors
    /// When it does.
    pub fn serve(&self, listener: &UnixListener) -> io::Result<()> {
        std::thread::scope(|threads| {
            loop {
                let (stream, _) = listener.accept()?;
                if self.under_way.fetch_add(1, Ordering::SeqCst) >= UNDER_WAY_MAX {
                    self.under_way.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                threads.spawn(move || {
                    if let Err(error) = self.converse(&stream) {
                        warn!(%error, "a conversation with a caller broke");
                    }
                    self.under_way.fetch_sub(1, Ordering::SeqCst);
                });
            }
        })
    }

    fn converse(&self, stream: &UnixStream) -> io::Result<()> {
        let caller = socket_peercred(stream)?.uid.as_raw();
        stream.set_read_timeout(Some(HANDING_OVER_MAX))?;
        stream.set_write_timeout(Some(HANDING_OVER_MAX))?;
        let mut conversation = stream;
        let Some(request) = frame::read(&mut conversation)? else { return Ok(()) };
        let request: Request = request.message(Kind::Request)?;
        let end = self.answer(caller, &request, stream);
        frame::send(&mut conversation, Kind::End, &end)
    }

    fn answer(&self, caller: u32, request: &Request, stream: &UnixStream) -> End {
        let not_found_out = |why: String| End::CouldNotFindOut { why };
        if let Some(fault) = request.fault() {
            return not_found_out(fault.to_owned());
        }
        let named = request.credential.as_deref();
        match credential::for_program(&self.system.places().credentials(), request.program(), named) {
            Err(error) => not_found_out(error.to_string()),
            Ok(None) => End::NotMine,
            Ok(Some(credential)) => self.pass(caller, request, &credential, stream).unwrap_or_else(not_found_out),
        }
    }

    fn pass(&self, caller: u32, request: &Request, credential: &Credential, stream: &UnixStream) -> Result<End, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let search_path = &self.system.config().runner.path;
        let mut act = Act {
            request,
            caller: stream,
            credential,
            program: look_up(request.program(), search_path).map_err(|error| said(&error))?,
            setting: self.setting(caller, request, credential),
            launcher: self.system.places().launcher_socket(),
            search_path,
            seen: None,
        };
        let desk = self.desk(caller).map_err(|error| said(&error))?;
        let executed = execute(&mut act, &desk).map_err(|error| said(&error))?;
        info!(
            caller,
            credential = credential.name(),
            program = request.program(),
            ran = matches!(executed, Executed::Ran { .. }),
            "asked"
        );
        Ok(match executed {
            Executed::Ran { result, settled } => End::Ran { result, remark: settled.remark() },
            Executed::Stopped(stopped) => {
                End::Stopped { judgement: stopped.judgement(), notice: notice::of(&stopped), waits: stopped.waits() }
            }
        })
    }

    fn desk(&self, caller: u32) -> Result<Desk, crate::desk::Error> {
        let home = self.system.runner_home();
        let gate = GateId::parse(NAME).map_err(|error| crate::desk::Error::NotSetUp(error.to_string()))?;
        let client = Client::new(Endpoint::Unix(home.socket()), PATIENCE);
        Desk::open(gate, &home, client, Asker::For(caller))
    }

    /// Where the act takes place. What the credential's public variables say is part of the change; nothing of the caller's is.
    fn setting(&self, caller: u32, request: &Request, credential: &Credential) -> Setting {
        let public = credential.public_variables().map(|(name, value)| (name.clone(), value.clone()));
        let mut variables: BTreeMap<String, String> = public.collect();
        let path = |path: PathBuf| path.display().to_string();
        variables.extend([
            (holdpoint_effects::CREDENTIAL.to_owned(), credential.name().to_owned()),
            ("HOLDPOINT_DATA".to_owned(), path(self.system.places().data())),
            ("HOLDPOINT_PROGRAM".to_owned(), self.program.clone()),
            ("PATH".to_owned(), self.system.config().runner.path.clone()),
        ]);
        let target = format!("credential:{}/host:{}/uid:{caller}", credential.name(), self.host);
        Setting { directory: request.directory.clone(), variables, target }
    }
}
