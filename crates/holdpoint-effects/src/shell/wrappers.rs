//! The programs that run the command behind their own options, as data: how much stands in front of it.
//!
//! *Out of scope:* following it, and wrappers with a grammar of their own (`wrapper.rs`).

use super::options::{Style, parse};
use super::value::Field;

/// A wrapper: its options with values, and how many operands come before the wrapped command.
pub(super) struct Wrapper {
    pub(super) name: &'static str,
    pub(super) valued: &'static [&'static str],
    pub(super) operands: usize,
}

const fn plainly(name: &'static str) -> Wrapper {
    Wrapper { name, valued: &[], operands: 0 }
}

const fn wrapper(name: &'static str, valued: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper { name, valued, operands }
}

pub(super) const WRAPPERS: &[Wrapper] = &[
    plainly("busybox"),
    wrapper("bwrap", &["--chdir", "--uid", "--gid"], 0),
    wrapper("caffeinate", &["-t", "-w"], 0),
    plainly("catchsegv"),
    plainly("chronic"),
    wrapper("chpst", &["-u", "-U", "-b", "-e", "-/", "-C", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c"], 0),
    wrapper("chroot", &["--userspec", "--groups"], 1),
    wrapper("chrt", &["-T", "-P", "-D"], 1),
    wrapper("cpulimit", &["-l", "--limit", "-p", "--pid", "-e", "--exe"], 0),
    wrapper("daemonize", &["-c", "-e", "-o", "-p", "-l", "-u", "-E"], 0),
    wrapper("dbus-run-session", &["--config-file", "--dbus-daemon"], 0),
    wrapper("doas", &["-u", "-C"], 0),
    wrapper("dotenv", &["-f", "-e", "-c", "-p", "-v"], 0),
    wrapper("dumb-init", &["-r", "--rewrite"], 0),
    plainly("eatmydata"),
    wrapper("faketime", &["-f"], 1),
    wrapper("fakeroot", &["-l", "--lib", "--faked", "-s", "-i", "-b"], 0),
    plainly("firejail"),
    wrapper("gosu", &[], 1),
    wrapper("ionice", &["-c", "-n", "--class", "--classdata"], 0),
    plainly("linux32"),
    plainly("linux64"),
    wrapper("ltrace", &["-a", "-A", "-D", "-e", "-F", "-l", "-n", "-o", "-p", "-s", "-u", "-w", "-x"], 0),
    wrapper("nice", &["-n", "--adjustment"], 0),
    wrapper("nocache", &["-n"], 0),
    plainly("nohup"),
    wrapper("nsenter", &["-t", "--target", "-S", "--setuid", "-G", "--setgid", "-W", "--wdns"], 0),
    wrapper("numactl", &["-C", "-N", "-m", "-i", "-p", "--cpunodebind", "--membind", "--physcpubind"], 0),
    wrapper("pkexec", &["--user"], 0),
    wrapper("prlimit", &["-o", "--output", "-p", "--pid"], 0),
    wrapper("proot", &["-r", "-b", "-w", "-q", "-k", "-i", "--rootfs", "--bind", "--cwd"], 0),
    wrapper("proxychains", &["-f"], 0),
    wrapper("proxychains4", &["-f"], 0),
    wrapper("rlwrap", &["-b", "-C", "-D", "-f", "-H", "-P", "-S", "-t", "-g"], 0),
    wrapper("runcon", &["-t", "--type", "-u", "--user", "-r", "--role", "-l", "--range"], 0),
    wrapper("s6-setuidgid", &[], 1),
    wrapper("setarch", &[], 1),
    wrapper("setpriv", &["--reuid", "--regid", "--groups", "--bounding-set", "--inh-caps", "--ambient-caps", "--securebits"], 0),
    plainly("setsid"),
    wrapper("setuidgid", &[], 1),
    wrapper("ssh-agent", &["-a", "-E", "-t", "-P"], 0),
    wrapper("sshpass", &["-p", "-f", "-d", "-P"], 0),
    wrapper("stdbuf", &["-i", "-o", "-e", "--input", "--output", "--error"], 0),
    wrapper("strace", &["-e", "-s", "-a", "-b", "-O", "-P", "-S", "-u", "-E", "-o", "--output", "-I", "-p", "-X"], 0),
    wrapper("su-exec", &[], 1),
    wrapper(
        "sudo",
        &[
            "-u",
            "-g",
            "-h",
            "-p",
            "-C",
            "-r",
            "-t",
            "-T",
            "-U",
            "-D",
            "-R",
            "--user",
            "--group",
            "--chdir",
            "--host",
            "--prompt",
            "--close-from",
            "--role",
            "--type",
            "--command-timeout",
            "--other-user",
            "--chroot",
        ],
        0,
    ),
    wrapper(
        "systemd-run",
        &[
            "-p",
            "-u",
            "--unit",
            "--property",
            "--on-calendar",
            "--on-active",
            "--on-boot",
            "--on-startup",
            "--on-unit-active",
            "--on-unit-inactive",
            "--timer-property",
            "--path-property",
            "-E",
            "--setenv",
            "--uid",
            "--gid",
            "--slice",
            "-M",
            "--machine",
            "-H",
            "--host",
            "--description",
            "--working-directory",
            "--nice",
            "--service-type",
        ],
        0,
    ),
    wrapper("systemd-inhibit", &["--what", "--who", "--why", "--mode"], 0),
    wrapper("taskset", &[], 1),
    wrapper("time", &["-f", "-o", "--format", "--output"], 0),
    wrapper("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    wrapper("tini", &["-p", "-e"], 0),
    plainly("torsocks"),
    plainly("toybox"),
    wrapper("trickle", &["-d", "-u", "-w", "-t", "-l", "-n"], 0),
    wrapper("tsp", &["-L", "-D", "-W", "-N"], 0),
    plainly("unbuffer"),
    wrapper(
        "unshare",
        &[
            "-S",
            "--setuid",
            "-G",
            "--setgid",
            "-R",
            "--root",
            "-w",
            "--wd",
            "--propagation",
            "--setgroups",
            "--map-user",
            "--map-group",
            "--map-users",
            "--map-groups",
            "--monotonic",
            "--boottime",
        ],
        0,
    ),
    plainly("valgrind"),
    wrapper("vglrun", &["-d", "-c"], 0),
    wrapper("watchexec", &["-w", "-e", "-i", "-f", "-d", "--watch", "--exts", "--ignore", "--filter", "--debounce"], 0),
    plainly("x86_64"),
    wrapper("xvfb-run", &["-e", "-f", "-n", "-s", "-w", "-p"], 0),
];

/// Programs that run a program of the project's own environment.
pub(super) const RUNNER: Wrapper = Wrapper {
    name: "npx",
    valued: &[
        "-p",
        "--package",
        "-w",
        "--workspace",
        "--with",
        "--from",
        "--python",
        "--extra",
        "--group",
        "-c",
        "--call",
        "--command",
    ],
    operands: 0,
};

/// Those of programs that keep secrets and hand them to a command in its environment.
const KEEPER: Wrapper = Wrapper {
    name: RUNNER.name,
    valued: &[
        "--account",
        "--command",
        "--config",
        "--env",
        "--env-file",
        "--environment",
        "-e",
        "-c",
        "--path",
        "--projectId",
        "--session",
        "--tags",
        "--token",
    ],
    operands: 0,
};
/// Those of conda, whose options name an environment.
const CONDA: Wrapper = wrapper("conda", &["-n", "--name", "-p", "--prefix", "--cwd", "-r", "--root-prefix", "-a", "--attach"], 0);
const DIRENV: Wrapper = wrapper("direnv", &[], 1);
/// Those of `zellij run` and `zellij action new-pane`, and those of zellij itself.
const PANE: Wrapper =
    wrapper("zellij", &["-d", "--direction", "-n", "--name", "--cwd", "--width", "--height", "-x", "-y", "-l", "--layout"], 0);
const ZELLIJ: [&str; 9] = ["-s", "--session", "-c", "--config", "--config-dir", "-l", "--layout", "--data-dir", "--max-panes"];
/// Those of `perf record`, `stat` and `trace`.
const PERF: Wrapper = wrapper(
    "perf",
    &[
        "-c",
        "--call-graph",
        "-C",
        "--cpu",
        "--count",
        "-D",
        "--delay",
        "-e",
        "--event",
        "-F",
        "--field-separator",
        "--filter",
        "--freq",
        "-G",
        "--cgroup",
        "-I",
        "--interval-print",
        "-j",
        "--branch-filter",
        "-k",
        "--clockid",
        "-m",
        "--mmap-pages",
        "-o",
        "--output",
        "-p",
        "--pid",
        "-r",
        "--realtime",
        "--repeat",
        "-t",
        "--tid",
        "-u",
        "--uid",
        "-x",
        "--max-size",
    ],
    0,
);

/// Options of package managers and of runners in a workspace that stand in front of what they run and have a value.
const IN_FRONT: [&str; 16] = [
    "--app",
    "-C",
    "--cd",
    "--concurrency",
    "--cwd",
    "--dir",
    "-F",
    "--filter",
    "--filter-prod",
    "--ignore",
    "--loglevel",
    "--prefix",
    "--reporter",
    "--scope",
    "--workspace",
    "--workspace-concurrency",
];
/// Those of a workspace, of which each package is where the command runs.
const EVERYWHERE: Wrapper = wrapper("workspace", &IN_FRONT, 0);

/// What the words behind a program's first are where they are a command of their own, and how many words stand before it and its
/// options: `uv run pytest`, `yarn workspace api exec tsc`.
pub(super) fn runner(program: &str, arguments: &[Field]) -> Option<(&'static Wrapper, usize)> {
    let (at, words) = behind_options(program, arguments);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (program, words.as_slice()) {
        ("asdf" | "bundle" | "mise" | "yarn", ["exec", ..])
        | ("mise", ["x", ..])
        | ("cabal" | "opam" | "stack", ["exec", ..])
        // Taskwarrior's.
        | ("task", ["execute", _, ..])
        | ("doppler" | "hatch" | "pdm" | "pipenv" | "poetry" | "rye" | "uv", ["run", ..]) => Some((&RUNNER, at + 1)),
        ("infisical" | "op", ["run", ..]) => Some((&KEEPER, at + 1)),
        // A path is one of a program that it builds.
        ("dune", ["exec", "--", name]) if !name.contains('/') => Some((&RUNNER, at + 1)),
        ("conda" | "mamba" | "micromamba", ["run", ..]) => Some((&CONDA, at + 1)),
        ("direnv", ["exec", ..]) => Some((&DIRENV, at + 1)),
        ("perf", ["record" | "stat" | "trace", ..]) => Some((&PERF, at + 1)),
        ("composer" | "lerna" | "nx", ["exec", ..]) | ("dagger", ["run", ..]) | ("mix", ["cmd", ..]) => {
            Some((&EVERYWHERE, at + 1))
        }
        ("yarn", ["workspace", _, "exec", ..]) => Some((&RUNNER, at + 3)),
        ("yarn", ["workspaces", "foreach", ..]) => Some((&RUNNER, place_of(arguments, "exec")? + 1)),
        ("npm", ["explore", _, "--", ..]) => Some((&RUNNER, at + 3)),
        ("zellij", ["run" | "r", ..]) => Some((&PANE, at + 1)),
        ("zellij", ["action" | "ac", "new-pane" | "new-tab", ..]) => Some((&PANE, at + 2)),
        _ => None,
    }
}

/// How many words stand before a program that a package manager may fetch first: `npm exec x`, `pnpm -r dlx x`, `uv tool run x`.
pub(super) fn fetches(program: &str, arguments: &[Field]) -> Option<usize> {
    let (at, words) = behind_options(program, arguments);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (program, words.as_slice()) {
        ("npm" | "pnpm", ["dlx" | "exec" | "x", ..]) | ("yarn", ["dlx", ..]) | ("bun", ["x", ..]) | ("pipx", ["run", ..]) => {
            Some(at + 1)
        }
        ("uv", ["tool", "run", ..]) => Some(at + 2),
        _ => None,
    }
}

/// The first words behind the options of a package manager, and where they begin. Those of others may have values.
fn behind_options(program: &str, arguments: &[Field]) -> (usize, Vec<String>) {
    let valued: &[&str] = match program {
        "lerna" | "npm" | "pnpm" | "yarn" => &IN_FRONT,
        "zellij" => &ZELLIJ,
        _ => &[],
    };
    let names: Vec<String> = valued.iter().map(|name| (*name).to_owned()).collect();
    let style = Style { valued: [&names, &[]], stops_at_operand: true, ..Style::default() };
    let at = if valued.is_empty() { 0 } else { parse(arguments, style).1 };
    let words = arguments.get(at..).unwrap_or_default();
    (at, words.iter().take(3).map_while(Field::known).collect())
}

fn place_of(words: &[Field], name: &str) -> Option<usize> {
    words.iter().position(|word| word.known().as_deref() == Some(name))
}

/// Whether a program reads shell text. What of it is not bash is a fault to the reader.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" | "rbash")
}
