//! The runner at work: it takes one request after the other, each on a thread of its own.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::site::Site;
use holdpoint_api::system::System;
use holdpoint_api::v1::ResultV1;
use holdpoint_core::actor::GateId;
use holdpoint_core::change::Setting;
use holdpoint_core::permit::Basis;
use rustix::net::sockopt::socket_peercred;
use tracing::{error, info, warn};

use super::begun::{Begun, Left};
use super::credential::{self, Credential};
use super::frame::{self, Kind, Until};
use super::message::{End, Request};
use super::site::ActAtSite;
use super::{Act, HANDING_OVER_MAX, NAME, look_up};
use crate::desk::{Asker, Desk};
use crate::notice;
use crate::passage::{Execute, Executed, execute};

/// Most requests of one user that are under way at a time, so that nobody can take all that there are.
const UNDER_WAY_MAX: usize = 16;
/// How long the control plane may take for one exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// The runner of a system installation.
pub struct Runner {
    system: System,
    host: String,
    program: String,
    under_way: UnderWay,
    begun: Begun,
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
        let begun = Begun::at(system.runner_home().root());
        Ok(Self { system, host, program, under_way: UnderWay::default(), begun })
    }

    /// Serves callers until the socket fails.
    ///
    /// # Errors
    /// When it does.
    pub fn serve(&self, listener: &UnixListener) -> io::Result<()> {
        std::thread::scope(|threads| {
            loop {
                let (stream, _) = listener.accept()?;
                let caller = socket_peercred(&stream)?.uid.as_raw();
                // Before anything is spent on it.
                let Some(place) = self.under_way.take(caller) else {
                    warn!(caller, "has too much under way already");
                    continue;
                };
                threads.spawn(move || {
                    if let Err(error) = self.converse(caller, &stream) {
                        warn!(caller, %error, "a conversation with a caller broke");
                    }
                    drop(place);
                });
            }
        })
    }

    /// Says of what a former runner had begun that nobody can tell how far it came. To be called before anybody is served.
    pub fn tell_what_was_left(&self) {
        for Left { permit, caller } in self.begun.take_left() {
            error!(%permit, caller, "the runner was ended while this ran; nobody can tell how far it came");
            let why = "the runner was ended while it ran".to_owned();
            match self.desk(caller) {
                Ok(desk) => drop(desk.settle(&Basis::Permit { id: permit, index: 0 }, &ResultV1::Indeterminate { why })),
                Err(error) => warn!(%error, "the control plane cannot be told so"),
            }
        }
    }

    fn converse(&self, caller: u32, stream: &UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(HANDING_OVER_MAX))?;
        let mut conversation = stream;
        let Some(request) = frame::read(&mut Until::after(stream, HANDING_OVER_MAX))? else { return Ok(()) };
        let request: Request = request.message(Kind::Request)?;
        let end = self.answer(caller, &request, stream);
        frame::send(&mut conversation, Kind::End, &end)
    }

    fn answer(&self, caller: u32, request: &Request, stream: &UnixStream) -> End {
        let not_found_out = |why: String| End::CouldNotFindOut { why };
        if let Some(fault) = request.fault() {
            return not_found_out(fault.to_owned());
        }
        if let Some(name) = &request.site {
            return self.pass_at_site(caller, request, name, stream).unwrap_or_else(not_found_out);
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
        let (search_path, note) = (&self.system.config().runner.path, self.begun.note(caller));
        let mut act = Act {
            request,
            caller: stream,
            credential,
            program: look_up(request.program(), search_path).map_err(|error| said(&error))?,
            setting: self.setting(caller, request, credential),
            launcher: self.system.places().launcher_socket(),
            search_path,
            note: &note,
            seen: None,
        };
        let executed = self.execute(caller, &mut act)?;
        note.settled();
        let ran = matches!(executed, Executed::Ran { .. });
        info!(caller, credential = credential.name(), program = request.program(), ran, "asked");
        Ok(end_of(executed))
    }

    fn pass_at_site(&self, caller: u32, request: &Request, name: &str, stream: &UnixStream) -> Result<End, String> {
        let site = self.system.config().sites.get(name).ok_or_else(|| format!("there is no site `{name}` on this machine"))?;
        if !site.programs.iter().any(|program| program == request.program()) {
            return Err(format!("at `{name}` there is no `{}`: root lists what there is", request.program()));
        }
        let (search_path, note) = (&self.system.config().runner.path, self.begun.note(caller));
        let mut act = ActAtSite {
            request,
            caller: stream,
            name,
            site,
            program: look_up(request.program(), search_path).map_err(|error| error.to_string())?,
            setting: self.setting_at(caller, name, site),
            launcher: self.system.places().launcher_socket(),
            search_path,
            note: &note,
        };
        let executed = self.execute(caller, &mut act)?;
        note.settled();
        let ran = matches!(executed, Executed::Ran { .. });
        info!(caller, site = name, program = request.program(), ran, "asked");
        Ok(end_of(executed))
    }

    fn execute(&self, caller: u32, act: &mut impl Execute) -> Result<Executed, String> {
        let desk = self.desk(caller).map_err(|error| error.to_string())?;
        execute(act, &desk).map_err(|error| error.to_string())
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
        variables.insert(holdpoint_effects::CREDENTIAL.to_owned(), credential.name().to_owned());
        variables.extend(self.own_variables());
        let target = format!("credential:{}/host:{}/uid:{caller}", credential.name(), self.host);
        Setting { directory: request.directory.clone(), variables, target }
    }

    /// Where an act at a site takes place: in its directory, whatever the caller's is.
    fn setting_at(&self, caller: u32, name: &str, site: &Site) -> Setting {
        let mut variables = BTreeMap::from([(holdpoint_effects::SITE.to_owned(), name.to_owned())]);
        let environment = site.environment.as_ref().map(|name| (holdpoint_effects::SITE_ENVIRONMENT.to_owned(), name.clone()));
        variables.extend(environment);
        variables.extend(self.own_variables());
        let target = format!("site:{name}/host:{}/uid:{}/for:{caller}", self.host, site.user);
        Setting { directory: site.directory.clone(), variables, target }
    }

    fn own_variables(&self) -> [(String, String); 3] {
        let data = self.system.places().data().display().to_string();
        let path = self.system.config().runner.path.clone();
        [("HOLDPOINT_DATA", data), ("HOLDPOINT_PROGRAM", self.program.clone()), ("PATH", path)]
            .map(|(name, value)| (name.to_owned(), value))
    }
}

/// How many requests each user has under way.
#[derive(Debug, Default)]
struct UnderWay(Mutex<BTreeMap<u32, usize>>);

/// One request's place among them, until it is dropped.
struct Place<'a> {
    among: &'a UnderWay,
    caller: u32,
}

impl UnderWay {
    fn take(&self, caller: u32) -> Option<Place<'_>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller).or_default();
        (*count < UNDER_WAY_MAX).then(|| *count += 1).map(|()| Place { among: self, caller })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.among.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counts.remove(&self.caller).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            counts.insert(self.caller, left);
        }
    }
}

fn end_of(executed: Executed) -> End {
    match executed {
        Executed::Ran { result, settled } => End::Ran { result, remark: settled.remark() },
        Executed::Stopped(stopped) => {
            End::Stopped { judgement: stopped.judgement(), notice: notice::of(&stopped), waits: stopped.waits() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_what_others_need() {
        let under_way = UnderWay::default();
        let places: Vec<_> = (0..=UNDER_WAY_MAX).map(|_| under_way.take(1000)).collect();
        assert_eq!(places.iter().flatten().count(), UNDER_WAY_MAX);
        assert!(under_way.take(1001).is_some());
        drop(places);
        assert!(under_way.take(1000).is_some());
        assert!(under_way.0.lock().unwrap().is_empty());
    }
}
