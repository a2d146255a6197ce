//! Has the launcher start the program, and passes its output on, masked, until it has ended or its time is over.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use holdpoint_api::unix;
use holdpoint_api::v1::ResultV1;
use holdpoint_core::Timestamp;

use super::act::Spec;
use super::frame::{self, Kind};
use super::launcher::Ended;
use super::masker::{Masker, Secrets};

/// How long the launcher may take to take up a conversation.
const CONNECTING_MAX: Duration = Duration::from_secs(10);
/// How long the launcher may take to end what it was told to end.
const ENDING_MAX: Duration = Duration::from_secs(30);
/// How long the caller may take for what is said when the time is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is to be run, and where.
pub(super) struct Work<'a> {
    /// Where the launcher listens.
    pub(super) launcher: &'a Path,
    /// At which site, where it is at one.
    pub(super) site: Option<&'a str>,
    /// The program and what it gets.
    pub(super) spec: &'a Spec,
}

/// Runs the program to its end.
pub(super) fn run(work: &Work<'_>, caller: &UnixStream, secrets: &Secrets, until: Option<Timestamp>) -> ResultV1 {
    let Work { launcher, site, spec } = work;
    let started = unix::connect(launcher, CONNECTING_MAX).and_then(|stream| {
        // The caller had a time to say what it wants; now it may say nothing for as long as the act lasts.
        caller.set_read_timeout(None)?;
        if let Some(site) = site {
            frame::write(&mut &stream, Kind::Site, site.as_bytes())?;
        }
        frame::send(&mut &stream, Kind::Request, spec)?;
        Ok(stream)
    });
    let launched = match started {
        Ok(stream) => stream,
        Err(error) => return ResultV1::NotStarted { why: format!("the launcher is away: {error}") },
    };
    let deadline = Instant::now() + lasts(spec, until);
    let late = AtomicBool::new(false);
    let (over, alarm) = mpsc::channel::<()>();
    // From here on it may have begun.
    let ended = std::thread::scope(|threads| {
        let (launched, late) = (&launched, &late);
        threads.spawn(move || pass_signals(caller, launched));
        threads.spawn(move || {
            if alarm.recv_timeout(deadline.saturating_duration_since(Instant::now())) == Err(RecvTimeoutError::Timeout) {
                late.store(true, Ordering::SeqCst);
                end(launched);
            }
        });
        let ended = pass_output(launched, &mut Way { caller, open: true, deadline }, secrets, late);
        drop(over);
        let _ = launched.shutdown(Shutdown::Both);
        let _ = caller.shutdown(Shutdown::Read);
        ended
    });
    match ended {
        Ok(Ended::Ran { status }) => ResultV1::Done { status },
        Ok(Ended::NotStarted { why }) => ResultV1::NotStarted { why },
        Err(error) => ResultV1::Indeterminate { why: format!("the runner lost sight of it: {error}") },
    }
}

/// How long it may last: as its credential says, and no longer than its permit.
fn lasts(spec: &Spec, until: Option<Timestamp>) -> Duration {
    let most = Duration::from_secs(spec.limits.seconds);
    let left = until.map(|until| Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO));
    left.map_or(most, |left| left.min(most))
}

/// Has the launcher end the program: nobody speaks to it any more. It still says how the program ended.
fn end(launched: &UnixStream) {
    let _ = launched.set_read_timeout(Some(ENDING_MAX));
    let _ = launched.shutdown(Shutdown::Write);
}

/// Passes on what the caller sends. That the caller is gone ends the program.
fn pass_signals(mut caller: &UnixStream, launched: &UnixStream) {
    while let Ok(Some(frame)) = frame::read(&mut caller) {
        if frame.kind != Kind::Signal || frame::write(&mut &*launched, Kind::Signal, &frame.payload).is_err() {
            break;
        }
    }
    end(launched);
}

fn pass_output(mut launched: &UnixStream, way: &mut Way<'_>, secrets: &Secrets, late: &AtomicBool) -> io::Result<Ended> {
    let (mut output, mut errors) = (Masker::new(secrets), Masker::new(secrets));
    loop {
        let frame = frame::read(&mut launched)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        match frame.kind {
            Kind::Output => way.tell(Kind::Output, &output.take(&frame.payload)),
            Kind::Errors => way.tell(Kind::Errors, &errors.take(&frame.payload)),
            _ => {
                way.tell(Kind::Output, &output.finish());
                way.tell(Kind::Errors, &errors.finish());
                if late.load(Ordering::SeqCst) {
                    way.tell(Kind::Errors, b"holdpoint: its time was over, so it was ended\n");
                }
                return frame.message(Kind::End);
            }
        }
        if !way.open {
            end(launched);
        }
    }
}

/// The way back to the caller, and how long it is kept open.
struct Way<'a> {
    caller: &'a UnixStream,
    open: bool,
    deadline: Instant,
}

impl Way<'_> {
    /// Passes bytes on. A caller that does not take them in time has gone.
    fn tell(&mut self, kind: Kind, bytes: &[u8]) {
        if bytes.is_empty() || !self.open {
            return;
        }
        let left = self.deadline.saturating_duration_since(Instant::now()).max(LAST_WORDS);
        let told = self.caller.set_write_timeout(Some(left)).and_then(|()| frame::write(&mut &*self.caller, kind, bytes));
        self.open = told.is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_api::limits::Limits;
    use std::os::unix::net::UnixListener;

    fn spec() -> Spec {
        Spec {
            program: "/bin/true".into(),
            argv: vec!["true".into()],
            in_tree: Vec::new(),
            directory: "/".into(),
            environment: Default::default(),
            files: Default::default(),
            secret_files: Default::default(),
            limits: Limits { seconds: 600, ..Limits::default() },
        }
    }

    /// Runs with a launcher that plays its part, and gives what the caller heard as well.
    fn relayed(spec: &Spec, secrets: &Secrets, part: impl FnOnce(UnixStream) + Send) -> (ResultV1, Vec<u8>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("launcher");
        let listener = UnixListener::bind(&path).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        // As the door leaves it: a caller that says nothing is late at once.
        theirs.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let result = std::thread::scope(|threads| {
            threads.spawn(|| part(listener.accept().unwrap().0));
            run(&Work { launcher: &path, site: None, spec }, &theirs, secrets, None)
        });
        drop(theirs);
        let (mut heard, mut ours) = (Vec::new(), ours);
        io::Read::read_to_end(&mut ours, &mut heard).unwrap();
        (result, heard)
    }

    fn none() -> Secrets {
        Secrets::of(std::iter::empty())
    }

    /// Whether the other side has closed, after the request.
    fn is_told_to_end(mut stream: &UnixStream) -> bool {
        assert_eq!(frame::read(&mut stream).unwrap().unwrap().kind, Kind::Request);
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        matches!(frame::read(&mut stream), Ok(None))
    }

    #[test]
    fn an_act_was_ended_because_its_caller_had_nothing_to_say() {
        let (result, _) = relayed(&spec(), &none(), |stream| {
            let status = Some(i32::from(is_told_to_end(&stream)));
            frame::send(&mut &stream, Kind::End, &Ended::Ran { status }).unwrap();
        });
        assert_eq!(result, ResultV1::Done { status: Some(0) });
    }

    #[test]
    fn an_act_whose_time_is_over_is_told_to_end_and_what_it_held_back_is_not_lost() {
        let short = Spec { limits: Limits { seconds: 0, ..Limits::default() }, ..spec() };
        let secrets = Secrets::of(["hunter2-and-more"].into_iter());
        let (result, heard) = relayed(&short, &secrets, |stream| {
            assert!(is_told_to_end(&stream));
            frame::write(&mut &stream, Kind::Output, b"so: hunter2-and").unwrap();
            frame::send(&mut &stream, Kind::End, &Ended::Ran { status: Some(137) }).unwrap();
        });
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert_eq!(result, ResultV1::Done { status: Some(137) });
        assert!(heard.contains("so: ") && heard.contains("[masked]") && heard.contains("its time was over"), "{heard}");
    }

    #[test]
    fn a_launcher_that_vanishes_leaves_an_act_of_which_nobody_can_tell() {
        let (result, _) = relayed(&spec(), &none(), |stream| {
            let _ = is_told_to_end(&stream);
        });
        assert!(matches!(result, ResultV1::Indeterminate { .. }));
        let work = Work { launcher: Path::new("/nonexistent"), site: None, spec: &spec() };
        let away = run(&work, &UnixStream::pair().unwrap().0, &none(), None);
        assert!(matches!(away, ResultV1::NotStarted { .. }));
    }

    #[test]
    fn no_act_outlasts_its_permit_or_its_limit() {
        let until = |seconds: i64| Some(Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap());
        assert_eq!(lasts(&spec(), None), Duration::from_secs(600));
        assert_eq!(lasts(&spec(), until(6000)), Duration::from_secs(600));
        assert!(lasts(&spec(), until(60)) <= Duration::from_secs(60));
        assert_eq!(lasts(&spec(), until(-1)), Duration::ZERO);
    }
}
