//! The units of systemd for both services.
//!
//! What a service can do without it does not have. What an act sees of the machine is what the runner's unit sees: neither homes nor
//! others' temporary files, and nothing that could be written but the act's own place, the sites and the runner's directory.

use holdpoint_api::system::System;

/// The control plane's user, and the name of its unit.
pub(super) const SERVER: &str = "holdpoint";
/// The runner's user, and the name of its unit.
pub(super) const RUNNER: &str = "holdpoint-runner";

/// However often a service falls, it is started again: whoever can make it fall must not be able to keep it down.
const NEVER_GIVEN_UP: &str = "StartLimitIntervalSec=0\n";

/// What both can do without.
const HARDENED: &str = "NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
KeyringMode=private
LimitCORE=0
LimitNOFILE=65536
";

/// What the control plane can do without as well: it starts nothing that others have written.
const SERVER_ALONE: &str = "CapabilityBoundingSet=
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
";

/// What the runner can do without as well, and what it starts: a program with a credential needs no rights over the kernel and no
/// look into others. (A filter that names what is allowed would have to know every program.)
const RUNNER_ALONE: &str = "SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
UMask=0077
";

/// The control plane's unit.
pub(super) fn server(system: &System) -> String {
    format!(
        "[Unit]\nDescription=Holdpoint, the control plane\n{NEVER_GIVEN_UP}\n[Service]\nType=notify\nUser={SERVER}\nGroup={SERVER}\n\
         ExecStart={} up --system\nRestart=on-failure\nRestartSec=1\nStateDirectory=holdpoint\nStateDirectoryMode=0700\n\
         RuntimeDirectory=holdpoint\nRuntimeDirectoryMode=0755\nUMask=0077\n{SERVER_ALONE}{HARDENED}\n\
         [Install]\nWantedBy=multi-user.target\n",
        system.places().program().display()
    )
}

/// The runner's unit.
pub(super) fn runner(system: &System) -> String {
    let sites = system.config().sites.values().map(|site| format!("ReadWritePaths=-{}\n", site.directory));
    format!(
        "[Unit]\nDescription=Holdpoint, the runner of commands with credentials\nAfter={SERVER}.service\n{NEVER_GIVEN_UP}\n\
         # Root, for the one right to become the users that act; what holds the credentials runs as {RUNNER}.\n\
         [Service]\nType=notify\nExecStart={} gate command\nRestart=on-failure\nRestartSec=1\n\
         CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL CAP_CHOWN\n\
         RuntimeDirectory=holdpoint-runner\nRuntimeDirectoryMode=0755\nReadWritePaths=/var/lib/holdpoint-runner\n{}{RUNNER_ALONE}{HARDENED}\n\
         [Install]\nWantedBy=multi-user.target\n",
        system.places().program().display(),
        sites.collect::<String>()
    )
}
