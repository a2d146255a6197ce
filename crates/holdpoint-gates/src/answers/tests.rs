use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use holdpoint_core::effect::{Certainty, Reversibility, Verb};
use holdpoint_core::question::{GitKeeping, RepositoryFacts};

use super::*;

/// A home in a directory that goes away, with a repository `shop` in it.
struct World {
    _directory: tempfile::TempDir,
    home: PathBuf,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().canonicalize().unwrap().join("alice");
        fs::create_dir(&home).unwrap();
        let world = Self { _directory: directory, home };
        world.repository("shop");
        world
    }

    /// A repository with one committed file.
    fn repository(&self, name: &str) {
        let root = self.home.join(name);
        fs::create_dir_all(&root).unwrap();
        self.git(name, &["init", "-q", "-b", "main"]);
        fs::write(root.join("a.rs"), "fn a() {}\n").unwrap();
        fs::write(root.join(".gitignore"), "target/\n.env\n").unwrap();
        self.git(name, &["add", "."]);
        self.git(name, &["commit", "-q", "-m", "a"]);
    }

    fn git(&self, directory: &str, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.home.join(directory)).args(arguments).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "Alice").env(format!("GIT_{role}_EMAIL"), "alice@example.org");
        }
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn name(&self, path: &str) -> String {
        self.home.join(path).to_str().unwrap().to_owned()
    }

    /// The setting of somebody who works in a directory of this home.
    fn setting(&self, directory: &str) -> Setting {
        let variables = BTreeMap::from([("HOME".to_owned(), self.name(""))]);
        Setting {
            directory: self.name(directory).trim_end_matches('/').to_owned(),
            variables,
            target: "host:test/uid:1".to_owned(),
        }
    }

    fn answer_in(&self, directory: &str, question: &Question) -> Answer {
        answer(question, &self.setting(directory), &soon())
    }

    fn facts_in(&self, directory: &str, path: &str) -> PathFacts {
        match self.answer_in(directory, &Question::Path { path: self.name(path).trim_end_matches('/').to_owned() }) {
            Answer::Path { facts } => facts,
            other => panic!("{path}: {other:?}"),
        }
    }

    fn facts(&self, path: &str) -> PathFacts {
        self.facts_in("shop", path)
    }

    fn kept(&self, path: &str) -> Option<GitKeeping> {
        self.facts(path).git
    }
}

/// Time enough for a busy machine.
fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn keeping(tracked: u64, modified: u64, untracked: u64, ignored: &[&str]) -> Option<GitKeeping> {
    let ignored = ignored.iter().map(|entry| (*entry).to_owned()).collect();
    Some(GitKeeping { tracked, modified, untracked, ignored, ignored_complete: true })
}

#[test]
fn git_keeps_what_is_committed_and_nothing_else() {
    let world = World::new();
    assert_eq!(world.kept("shop/a.rs"), keeping(1, 0, 0, &[]));
    world.write("shop/a.rs", "fn a() { changed() }\n");
    assert_eq!(world.kept("shop/a.rs"), keeping(1, 1, 0, &[]));
    world.git("shop", &["add", "a.rs"]);
    assert_eq!(world.kept("shop/a.rs"), keeping(1, 1, 0, &[]), "staged is not committed");
    world.write("shop/new.rs", "");
    assert_eq!(world.kept("shop/new.rs"), keeping(0, 0, 1, &[]));
    world.write("shop/.env", "TOKEN=x");
    assert_eq!(world.kept("shop/.env"), keeping(0, 0, 0, &[".env"]));
    world.write("shop/target/debug/x", "");
    assert_eq!(world.kept("shop/target"), keeping(0, 0, 0, &["target/"]));
    assert_eq!(world.kept("shop/target/debug"), keeping(0, 0, 0, &["target/debug/"]), "the entry, not what is around it");
    assert_eq!(world.kept("shop/target/debug/x"), keeping(0, 0, 0, &["target/debug/x"]));
    assert_eq!(world.kept("shop"), keeping(2, 1, 1, &[".env", ".git/", "target/"]));
    assert_eq!(world.kept("shop/missing.rs"), None);
}

#[test]
fn a_file_that_is_gone_already_is_no_uncommitted_work() {
    let world = World::new();
    world.write("shop/src/b.rs", "b");
    world.write("shop/src/c.rs", "c");
    world.git("shop", &["add", "."]);
    world.git("shop", &["commit", "-q", "-m", "b"]);
    fs::remove_file(world.home.join("shop/src/b.rs")).unwrap();
    assert_eq!(world.kept("shop/src"), keeping(2, 0, 0, &[]));
}

#[test]
fn git_told_to_look_away_is_not_believed() {
    let world = World::new();
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        world.git("shop", &["update-index", flag, "a.rs"]);
        world.write("shop/a.rs", "work of a week\n");
        assert_eq!(world.kept("shop/a.rs"), keeping(1, 1, 0, &[]), "{flag}");
        world.git("shop", &["update-index", "--no-assume-unchanged", "--no-skip-worktree", "a.rs"]);
    }
    world.git("shop", &["config", "core.worktree", "/nowhere"]);
    world.git("shop", &["config", "status.showUntrackedFiles", "no"]);
    world.write("shop/new.rs", "");
    assert_eq!(world.kept("shop/new.rs"), keeping(0, 0, 1, &[]));
}

#[test]
fn a_repository_runs_nothing_when_it_is_asked() {
    let world = World::new();
    let program = world.write("evil.sh", &format!("#!/bin/sh\ntouch {}\ncat\n", world.name("ran")));
    let program = program.to_str().unwrap();
    fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for name in
        ["core.fsmonitor", "core.pager", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.sshCommand"]
    {
        world.git("shop", &["config", name, program]);
    }
    world.git("shop", &["config", "core.hooksPath", world.name("hooks").as_str()]);
    fs::create_dir(world.home.join("hooks")).unwrap();
    fs::copy(program, world.home.join("hooks/post-index-change")).unwrap();
    world.write("shop/.gitattributes", "* filter=evil\n");
    world.write("shop/a.rs", "fn b() {}\n");
    // The same size, another time: git must read the file to know.
    fs::File::options()
        .write(true)
        .open(world.home.join("shop/a.rs"))
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(world.kept("shop/a.rs"), keeping(1, 1, 0, &[]));
    assert!(matches!(
        world.answer_in("shop", &Question::Repository { directory: world.name("shop") }),
        Answer::Repository { facts: Some(_) }
    ));
    let alias = Question::GitAlias { directory: world.name("shop"), name: "x".into() };
    assert_eq!(world.answer_in("shop", &alias), Answer::Name { name: None });
    assert!(!world.home.join("ran").exists());

    world.write("shop/.git/info/attributes", "* filter=evil\n");
    assert_eq!(world.kept("shop/a.rs"), None, "these attributes git would follow");
    assert!(!world.home.join("ran").exists());
}

#[test]
fn places_are_what_they_are() {
    let world = World::new();
    world.write("notes.txt", "");
    world.write("shop/src/b.rs", "");
    let place = |path: &str| world.facts(path).place;
    assert_eq!(place("shop"), Place::WorkTree);
    assert_eq!(place("shop/src"), Place::WorkTree);
    assert_eq!(place("shop/.git"), Place::GitDirectory);
    assert_eq!(place("shop/.git/config"), Place::GitDirectory);
    assert_eq!(place("notes.txt"), Place::Home);
    assert_eq!(place(""), Place::Home);
    assert_eq!(place("missing/deep"), Place::Home);
    let at = |path: &str| match world.answer_in("shop", &Question::Path { path: path.into() }) {
        Answer::Path { facts } => (facts.kind, facts.place),
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(at("/"), (FileKind::Directory, Place::MountRoot));
    assert_eq!(at("/proc"), (FileKind::Directory, Place::MountRoot));
    assert_eq!(at("/dev/null"), (FileKind::Device, Place::Elsewhere));
    assert_eq!(at("/etc/passwd"), (FileKind::File, Place::Elsewhere));
    let other = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    assert_eq!(at(other.path().to_str().unwrap()), (FileKind::Directory, Place::Scratch));
}

#[test]
fn a_link_is_named_with_what_it_leads_to() {
    let world = World::new();
    world.write("notes.txt", "private");
    symlink(world.home.join("notes.txt"), world.home.join("shop/link")).unwrap();
    symlink("../nowhere", world.home.join("shop/dangling")).unwrap();
    symlink("loop", world.home.join("shop/loop")).unwrap();
    let link = world.facts("shop/link");
    assert_eq!(
        (link.kind, link.place, link.canonical.as_str()),
        (FileKind::Symlink, Place::WorkTree, world.name("notes.txt").as_str())
    );
    assert_eq!(link.git, keeping(0, 0, 1, &[]), "the link itself");
    assert_eq!(world.facts("shop/dangling").canonical, world.name("nowhere"));
    let round = Question::Path { path: world.name("shop/loop") };
    assert!(matches!(world.answer_in("shop", &round), Answer::Unknown { .. }));

    symlink(&world.home, world.home.join("shop/out")).unwrap();
    let through = world.facts("shop/out/notes.txt");
    assert_eq!((through.place, through.canonical.as_str()), (Place::Home, world.name("notes.txt").as_str()));
    let canonical = Question::Canonical { path: world.name("shop/out/notes.txt") };
    assert_eq!(world.answer_in("shop", &canonical), Answer::Name { name: Some(world.name("notes.txt")) });
}

#[test]
fn files_are_counted_without_following_links_and_up_to_a_bound() {
    let world = World::new();
    for n in 0..5 {
        world.write(&format!("many/{n}"), "");
    }
    symlink("/usr", world.home.join("many/usr")).unwrap();
    assert_eq!(world.facts("many").files, Some(7), "the directory, five files and a link");
    for n in 0..path::COUNTED_MAX {
        fs::write(world.home.join(format!("many/more{n}")), "").unwrap();
    }
    assert_eq!(world.facts("many").files, None);
}

#[test]
fn another_repository_inside_is_not_kept_by_this_one() {
    let world = World::new();
    world.repository("shop/nested");
    assert_eq!(world.kept("shop/nested"), keeping(0, 0, 1, &[]));
    assert_eq!(world.kept("shop/nested/a.rs"), keeping(1, 0, 0, &[]), "its own repository keeps it");
    assert_eq!(world.facts("shop/nested/.git").place, Place::GitDirectory);
    world.repository("beside");
    let beside = world.facts("beside/a.rs");
    assert_eq!((beside.place, beside.git), (Place::Home, None), "not the asker's");
}

#[test]
fn a_linked_work_tree_shares_its_repository() {
    let world = World::new();
    world.git("shop", &["worktree", "add", "-q", "../fix", "-b", "fix"]);
    world.write("fix/new.rs", "");
    assert_eq!(world.facts_in("fix", "fix/a.rs").git, keeping(1, 0, 0, &[]));
    assert_eq!(world.facts_in("fix", "fix").git, keeping(2, 0, 1, &[]), "its `.git` is only a pointer");
    assert_eq!(world.facts_in("fix", "shop/.git/refs").place, Place::GitDirectory);
    assert_eq!(world.facts_in("fix", "shop/a.rs").place, Place::Home);
}

#[test]
fn a_submodule_is_as_safe_as_what_is_committed_in_it() {
    let world = World::new();
    world.repository("library");
    world.git("shop", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "library"]);
    world.git("shop", &["commit", "-q", "-m", "library"]);
    assert_eq!(world.kept("shop/library"), keeping(1, 0, 0, &[]));
    world.write("shop/library/a.rs", "changed");
    world.git("shop", &["config", "-f", ".gitmodules", "submodule.library.ignore", "all"]);
    assert_eq!(world.kept("shop/library"), keeping(1, 1, 0, &[]));
    assert_eq!(world.kept("shop/library/a.rs"), keeping(1, 1, 0, &[]));
}

#[test]
fn without_a_repository_git_keeps_nothing() {
    let world = World::new();
    world.write("plain/a", "");
    let facts = world.facts_in("plain", "plain/a");
    assert_eq!((facts.place, facts.git), (Place::Home, None));
    let question = Question::Repository { directory: world.name("plain") };
    assert_eq!(world.answer_in("plain", &question), Answer::Repository { facts: None });
    world.write("plain/.git", "not a pointer");
    assert_eq!(world.answer_in("plain", &question), Answer::Repository { facts: None });
}

#[test]
fn the_state_of_a_repository_is_told() {
    let world = World::new();
    world.write("shop/a.rs", "stashed\n");
    world.git("shop", &["stash", "-q"]);
    world.write("shop/a.rs", "changed\n");
    world.write("shop/new.rs", "");
    world.write("shop/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
    let question = Question::Repository { directory: world.name("shop") };
    let facts = RepositoryFacts {
        root: world.name("shop"),
        branch: Some("main".into()),
        default_branch: Some("trunk".into()),
        modified: 1,
        untracked: 1,
        stashed: 1,
    };
    assert_eq!(world.answer_in("shop", &question), Answer::Repository { facts: Some(facts) });
}

#[test]
fn an_alias_is_told_as_it_stands() {
    let world = World::new();
    world.git("shop", &["config", "alias.nuke", "!git clean -fdx && git reset --hard"]);
    let alias = |name: &str| world.answer_in("shop", &Question::GitAlias { directory: world.name("shop"), name: name.into() });
    assert_eq!(alias("nuke"), Answer::Name { name: Some("!git clean -fdx && git reset --hard".into()) });
    assert_eq!(alias("status"), Answer::Name { name: None });
    assert_eq!(alias("x\ny"), Answer::Name { name: None });
}

#[test]
fn a_remote_is_told_without_what_logs_in_there() {
    let world = World::new();
    world.git("shop", &["remote", "add", "origin", "https://alice:secret@a.example/shop.git"]);
    world.git("shop", &["config", "remote.origin.pushurl", "ssh://git@b.example/shop.git"]);
    world.git("shop", &["remote", "add", "fork", "git@c.example:x/y.git"]);
    world.git("shop", &["remote", "add", "plain", "https://alice:secret@a.example"]);
    let remote = |name: &str| world.answer_in("shop", &Question::GitRemote { directory: world.name("shop"), name: name.into() });
    assert_eq!(remote("origin"), Answer::Name { name: Some("ssh://b.example/shop.git".into()) });
    assert_eq!(remote("fork"), Answer::Name { name: Some("git@c.example:x/y.git".into()) });
    assert_eq!(remote("plain"), Answer::Name { name: Some("https://a.example".into()) });
    assert!(matches!(remote("nowhere"), Answer::Unknown { .. }));
    assert_eq!(remote("--all"), Answer::Name { name: None });
}

#[test]
fn patterns_match_as_in_the_shell() {
    let world = World::new();
    for path in ["a.rs", "b.rs", ".hidden.rs", "sub/c.rs", "sub/.d.rs"] {
        world.write(&format!("globs/{path}"), "");
    }
    let globs = |pattern: &str| match world.answer_in("shop", &Question::Glob { pattern: world.name(pattern) }) {
        Answer::Matches { paths, complete: true } => paths
            .iter()
            .map(|path| Path::new(path).strip_prefix(world.home.join("globs")).unwrap().to_str().unwrap().to_owned())
            .collect::<Vec<_>>(),
        other => panic!("{pattern}: {other:?}"),
    };
    assert_eq!(globs("globs/*"), ["a.rs", "b.rs", "sub"]);
    assert_eq!(globs("globs/*.rs"), ["a.rs", "b.rs"]);
    assert_eq!(globs("globs/.*.rs"), [".hidden.rs"]);
    assert_eq!(globs("globs/*/*"), ["sub/c.rs"]);
    assert_eq!(globs("globs/**/*.rs"), [".hidden.rs", "a.rs", "b.rs", "sub/.d.rs", "sub/c.rs"], "as find looks");
    assert_eq!(globs("globs/**"), ["a.rs", "b.rs", "sub"], "nothing behind it: one star");
    assert_eq!(globs("globs/*/"), ["sub"]);
    assert_eq!(globs("globs/[ab].rs"), ["a.rs", "b.rs"]);
    assert_eq!(globs("globs/no*"), Vec::<String>::new());
    let extended = Question::Glob { pattern: world.name("globs/!(a.rs)") };
    assert!(matches!(world.answer_in("shop", &extended), Answer::Unknown { .. }));
}

#[test]
fn a_text_is_given_only_of_a_short_regular_file() {
    let world = World::new();
    let text = |path: &str| world.answer_in("shop", &Question::FileText { path: world.name(path) });
    world.write("run.sh", "rm -rf build\n");
    assert_eq!(text("run.sh"), Answer::FileText { text: "rm -rf build\n".into() });
    world.write("long.sh", &"x".repeat(holdpoint_core::question::FILE_TEXT_MAX_BYTES + 1));
    fs::write(world.home.join("bytes.sh"), b"\xff").unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, world.home.join("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    for path in ["long.sh", "bytes.sh", "pipe", "shop", "missing"] {
        assert!(matches!(text(path), Answer::Unknown { .. }), "{path}");
    }
}

#[test]
fn only_what_no_kernel_and_no_bash_runs_as_a_script_is_no_text() {
    let world = World::new();
    let text = |path: &str| world.answer_in("shop", &Question::FileText { path: world.name(path) });
    let long = [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0xff; holdpoint_core::question::FILE_TEXT_MAX_BYTES]].concat();
    for program in [b"\x7fELF\x02\x01\x01\0".as_slice(), b"\xcf\xfa\xed\xfe\x07\0\0\x01", b"MZ\x90\0\x03", &long] {
        fs::write(world.home.join("program"), program).unwrap();
        assert_eq!(text("program"), Answer::NotText {}, "{:?}", program.get(..8));
    }
    for script in ["MZ=1\nrm -rf build\n", "#!/bin/sh -\0\nrm -rf build\n", "rm -rf build\n\0", ""] {
        world.write("script", script);
        assert_eq!(text("script"), Answer::FileText { text: script.into() }, "{script:?}");
    }
}

#[test]
fn the_current_context_and_workspace_are_told() {
    let world = World::new();
    world.write(".kube/config", "apiVersion: v1\ncurrent-context: kind-dev\n");
    world.write("first", "apiVersion: v1\n");
    world.write("second", "current-context: production\n");
    assert_eq!(world.answer_in("shop", &Question::KubernetesContext), Answer::Name { name: Some("kind-dev".into()) });
    let mut setting = world.setting("shop");
    setting.variables.insert("KUBECONFIG".into(), format!("{}:../missing:{}", world.name("first"), world.name("second")));
    assert_eq!(answer(&Question::KubernetesContext, &setting, &soon()), Answer::Name { name: Some("production".into()) });

    let question = Question::TerraformWorkspace { directory: world.name("shop/infra") };
    assert_eq!(world.answer_in("shop", &question), Answer::Name { name: Some("default".into()) });
    world.write("shop/infra/.terraform/environment", "staging");
    assert_eq!(world.answer_in("shop", &question), Answer::Name { name: Some("staging".into()) });
    setting.variables.insert("TF_WORKSPACE".into(), "production".into());
    assert_eq!(answer(&question, &setting, &soon()), Answer::Name { name: Some("production".into()) });
}

#[test]
fn a_program_is_the_first_on_the_path_that_may_run() {
    let world = World::new();
    world.write("bin/tool", "not executable");
    let tool = world.write("more/tool", "#!/bin/sh\n");
    fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut setting = world.setting("shop");
    setting.variables.insert("PATH".into(), format!("{}:{}", world.name("bin"), world.name("more")));
    let program = |name: &str| answer(&Question::Program { name: name.into() }, &setting, &soon());
    assert_eq!(program("tool"), Answer::Program { path: Some(world.name("more/tool")) });
    assert_eq!(program("none"), Answer::Program { path: None });
}

#[test]
fn a_program_in_the_work_tree_that_is_called_ls_is_judged_by_what_it_does() {
    let world = World::new();
    let script = world.write("shop/tb/ls", "#!/bin/sh\nrm -rf ~/Documents\n");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("/bin/rm", world.name("shop/tb/cat")).unwrap();
    let mut setting = world.setting("shop");
    let mut deletes = |path: &str, words: &[&str]| {
        setting.variables.insert("PATH".into(), path.into());
        let argv = words.iter().map(|word| (*word).to_owned()).collect();
        let (_, reading) = settle_reading(&Artefact::Argv { argv }, &setting, &soon());
        reading.effects.iter().any(|effect| effect.verb == Verb::Delete)
    };
    let searched = format!("{}:/usr/bin:/bin", world.name("shop/tb"));
    assert!(deletes(&searched, &["ls"]));
    assert!(deletes(&searched, &["cat", "a.rs"]));
    assert!(deletes(&searched, &["./tb/cat", "a.rs"]));
    assert!(!deletes("/usr/bin:/bin", &["ls"]));
}

#[test]
fn what_is_late_is_unknown() {
    let world = World::new();
    let over = Deadline::at(Instant::now());
    let questions = [
        Question::Path { path: world.name("shop/a.rs") },
        Question::Repository { directory: world.name("shop") },
        Question::Glob { pattern: world.name("*") },
        Question::KubernetesContext,
    ];
    for question in questions {
        assert!(matches!(answer(&question, &world.setting("shop"), &over), Answer::Unknown { .. }), "{question:?}");
    }
}

#[test]
fn a_program_that_does_not_answer_is_stopped_with_what_it_started() {
    use rustix::fs::{Mode, OFlags};
    use std::io::Read as _;

    let world = World::new();
    let pipe = world.home.join("alive");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
    let mut reader = fs::File::from(rustix::fs::open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
    let mut slow = Command::new("sh");
    // Both hold the pipe open for as long as they live.
    slow.args(["-c", "exec 3> alive; sleep 600 & wait"]).current_dir(&world.home);
    assert_eq!(process::outputs([slow], &Deadline::after(Duration::from_millis(300))), [None]);
    let patience = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
    if reader.read(&mut [0]).is_err() {
        let mut end = rustix::event::PollFd::new(&reader, rustix::event::PollFlags::IN);
        assert_eq!(rustix::event::poll(std::slice::from_mut(&mut end), Some(&patience)), Ok(1), "somebody still holds the pipe");
    }
}

fn effects_of(world: &World, command: &str) -> Vec<(Verb, Reversibility, Certainty)> {
    let artefact = Artefact::Command { text: command.into() };
    let (answers, reading) = settle_reading(&artefact, &world.setting("shop"), &soon());
    assert!(reading.questions.iter().all(|question| answers.holds(question)), "{command}: {:?}", reading.questions);
    reading.effects.iter().map(|effect| (effect.verb, effect.reversibility, effect.certainty)).collect()
}

#[test]
fn a_reading_is_settled_by_what_is_there() {
    let world = World::new();
    world.write("shop/target/x", "");
    world.write("shop/new.rs", "");
    let deletes = |command| {
        let effects = effects_of(&world, command);
        let way_back = effects.iter().filter(|(verb, ..)| *verb == Verb::Delete).map(|(_, way_back, _)| *way_back).max();
        way_back.unwrap_or_else(|| panic!("{command}: {effects:?}"))
    };
    assert_eq!(deletes("rm -rf target"), Reversibility::Regenerable);
    assert_eq!(deletes("rm a.rs"), Reversibility::Git);
    assert_eq!(deletes("rm new.rs"), Reversibility::Irreversible);
    assert_eq!(deletes("rm -rf *"), Reversibility::Irreversible);
    assert_eq!(deletes("rm -rf ~"), Reversibility::Irreversible);
}

#[test]
fn a_tool_call_is_settled_as_well() {
    let world = World::new();
    let write = |path: &str| {
        let input = serde_json::json!({ "file_path": world.name(path), "content": "x" }).to_string();
        let artefact = Artefact::ToolCall { host: "claude-code".into(), tool: "Write".into(), input };
        let (_, reading) = settle_reading(&artefact, &world.setting("shop"), &soon());
        reading.effects.iter().map(|effect| (effect.verb, effect.reversibility, effect.certainty)).collect::<Vec<_>>()
    };
    assert_eq!(write("shop/a.rs"), [(Verb::Overwrite, Reversibility::Git, Certainty::Exact)]);
    assert_eq!(write("shop/b.rs"), [(Verb::Create, Reversibility::Lossless, Certainty::Exact)]);
}
