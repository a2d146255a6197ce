//! A site: what belongs to a service's user is out of the agent's reach, and is changed by a permit and not otherwise.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use holdpoint_testkit::browser::Browser;

use super::machine::{Machine, Ran};
use super::nothing_is_left;

/// A program that says who it is, leaves something behind in a session of its own, and stays.
const TOOL: &str = r#"#!/bin/sh
exec 3> FIFO
(setsid setsid sh -c 'setsid sleep 1000 & exec sleep 1000' &)
echo "begun $(id -u) $(id -G) $PWD $HOME $(umask) $(env | cut -d= -f1 | sort | tr '\n' ' ')"
exec sleep 1000
"#;

impl Machine {
    fn at_shop(&self, words: &[&str]) -> Ran {
        Ran::of(self.holdpoint().args(["run", "--site", "shop", "--"]).args(words).output().unwrap())
    }
}

#[test]
fn what_belongs_to_a_service_is_changed_by_a_permit_and_not_otherwise() {
    let test = "what_belongs_to_a_service_is_changed_by_a_permit_and_not_otherwise";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    let order = machine.shop().join("uploads/order.pdf");
    assert_ne!(
        machine.shell(&format!("rm -rf {}", machine.shop().join("uploads").display())).status,
        Some(0),
        "it is not the agent's"
    );
    let held = machine.at_shop(&["rm", "-r", "uploads"]);
    assert_eq!((held.status, held.stdout.as_str()), (Some(123), ""), "{held:?}");
    assert!(order.exists());
    for told in ["Deletes", "uploads", "for good", "Acts as the user of the site `shop`"] {
        assert!(held.stderr.contains(told), "{told}: {held:?}");
    }
    machine.release(&browser, &held, "Acts as the user of the site");
    assert_eq!(machine.at_shop(&["rm", "-rf", "uploads"]).status, Some(123), "other words are another change");
    assert!(order.exists());
    let ran = machine.at_shop(&["rm", "-r", "uploads"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(!machine.shop().join("uploads").exists(), "it ran as the site's user, in the site's directory");
    assert_eq!(machine.at_shop(&["rm", "-r", "uploads"]).status, Some(123), "a permit is spent once");
}

#[test]
fn what_is_there_counts_when_it_is_decided_and_again_when_it_is_done() {
    let test = "what_is_there_counts_when_it_is_decided_and_again_when_it_is_done";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    let held = machine.at_shop(&["rm", "-r", "uploads"]);
    assert!(held.stderr.contains("2 files"), "{held:?}");
    machine.release(&browser, &held, "Acts as the user of the site");
    // What was to go grows in the meantime: what was released was less.
    fs::write(machine.shop().join("uploads/another.pdf"), "another only copy").unwrap();
    let ran = machine.at_shop(&["rm", "-r", "uploads"]);
    assert_eq!(ran.status, Some(123), "{ran:?}");
    assert!(machine.shop().join("uploads/order.pdf").exists());
}

#[test]
fn all_that_an_act_at_a_site_began_is_ended_and_nothing_else_of_its_user() {
    let test = "all_that_an_act_at_a_site_began_is_ended_and_nothing_else_of_its_user";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    let tool = machine.at("tools/tool");
    fs::write(&tool, TOOL.replace("FIFO", machine.at("fifo").to_str().unwrap())).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let fifo = machine.until_nothing_is_left();
    let held = machine.at_shop(&["tool"]);
    assert_eq!(held.status, Some(123), "{held:?}");
    machine.release(&browser, &held, "Acts as the user of the site");

    let mut service = Command::new("sleep");
    let mut service = service.arg("1000").uid(machine.site).gid(machine.site).spawn().unwrap();
    let mut client = machine.holdpoint();
    client.args(["run", "--site", "shop", "--", "tool"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = client.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (site, directory) = (machine.site, machine.shop());
    let expected = format!("begun {site} {site} {} /nonexistent 0077 HOME LANG PATH PWD", directory.display());
    assert_eq!(line.trim(), expected);
    client.kill().unwrap();
    client.wait().unwrap();
    nothing_is_left(&machine, fifo);
    assert!(service.try_wait().unwrap().is_none(), "a service of the same user goes on");
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn what_root_has_not_set_up_is_no_site() {
    let Some(machine) = Machine::for_test("what_root_has_not_set_up_is_no_site") else { return };
    let run = |words: &[&str]| Ran::of(machine.holdpoint().arg("run").args(words).output().unwrap());
    for (words, why) in [
        (&["--site", "other", "--", "rm", "x"][..], "no site `other`"),
        (&["--site", "shop", "--", "sh", "-c", "id"], "no `sh`"),
        (&["--site", "shop", "--", "/bin/rm", "x"], "no `/bin/rm`"),
        (&["--site", "../shop", "--", "rm", "x"], "no site"),
    ] {
        let ran = run(words);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(121), ""), "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
    let doctor = || Ran::of(machine.holdpoint().arg("doctor").output().unwrap()).stdout;
    assert!(doctor().contains("is changed through `--site shop` alone"), "{}", doctor());
    fs::set_permissions(machine.shop(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(doctor().contains("`shop` keeps nothing from your agents"), "{}", doctor());
    let ran = run(&["--site", "shop", "--", "rm", "-r", "uploads"]);
    assert_eq!(ran.status, Some(121), "{ran:?}");
    fs::set_permissions(machine.shop(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run(&["--site", "shop", "--credential", "shop", "--", "rm", "x"]).status, Some(122));
    // Where others could put something else in the place of what was looked at, nobody acts.
    fs::set_permissions(machine.shop().parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    let ran = run(&["--site", "shop", "--", "rm", "-r", "uploads"]);
    assert_eq!(ran.status, Some(121), "{ran:?}");
    assert!(ran.stderr.contains("can be exchanged by others"), "{ran:?}");
    assert_eq!(fs::metadata(machine.shop()).unwrap().uid(), machine.site);
}
