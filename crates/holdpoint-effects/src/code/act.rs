//! What a program does beyond itself, in the order of its text.

use serde::Deserialize;

use crate::shell::value::Value;

/// One thing that a program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Append(Value),
    ChangeDirectory {
        to: Value,
        surely: bool,
    },
    /// Opens a connection to a host.
    Connect(Value),
    Copy {
        from: Value,
        to: Value,
    },
    /// Makes a file or directory that may be there already.
    Create(Value),
    Delete(Value),
    Edit(Value),
    Kill(Value),
    /// Gives whoever answers at an address a secret of the environment.
    Leak(Value),
    Link {
        to: Value,
        at: Value,
    },
    /// Loads a module that is none of the language's own, or none of those that data describe.
    Load(String),
    /// Hands something a text that may be a command for a shell or a statement for a database.
    Instruct(Value),
    Mail,
    Modify(Value),
    Move {
        from: Value,
        to: Value,
    },
    Overwrite(Value),
    Read(Value),
    Request {
        method: Value,
        address: Value,
        sends: bool,
    },
    Run {
        words: Vec<Value>,
        directory: Option<Value>,
        input: Option<Value>,
    },
    /// Runs a file of the same language.
    Script(Value),
    /// Has modules looked for in a directory.
    Seek(Value),
    Set {
        name: String,
        value: Value,
    },
    Shell {
        text: Value,
        directory: Option<Value>,
        input: Option<Value>,
    },
    Sql {
        client: String,
        database: Value,
        text: Value,
    },
    Unpack(Value),
    /// Runs something that cannot be seen.
    Unseen(String),
}

/// What a name of a library does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Does {
    Append,
    ChangeDirectory,
    /// Runs its argument as code of the same language.
    Code,
    Connect,
    Copy,
    Create,
    Delete,
    Edit,
    Kill,
    Link,
    /// Loads a module by its name.
    Load,
    /// Hands on a text that may be a command or a statement.
    Instruct,
    Mail,
    Modify,
    Move,
    /// Opens a file as its mode says.
    Open,
    Overwrite,
    Read,
    Request,
    /// Runs the words of a list, or the text of a shell where it says so.
    Run,
    /// Runs the program or subcommand that the name says, with the arguments behind it.
    RunNamed,
    /// Runs a text on the host that an object was made for.
    RunRemote,
    /// Runs a program with a list of its arguments behind it.
    RunApart,
    /// Runs the arguments as words.
    RunRest,
    Script,
    /// Copies what is in one directory into another one, over what is there.
    Merge,
    /// Has modules looked for in further directories.
    Seek,
    Set,
    Shell,
    Sql,
    Unpack,
    Unseen,
}

impl Act {
    /// Whether it reaches somebody else: another machine, a process, a database.
    pub(crate) const fn is_outward(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Kill(_) | Self::Leak(_) | Self::Mail | Self::Request { .. } | Self::Sql { .. })
    }

    /// Whether the program determines what it does it to.
    pub(crate) fn is_determined(&self) -> bool {
        let known = |value: &Value| !value.has_unknown() || value.pattern().is_some() || value.is_scratch();
        match self {
            Self::Append(value)
            | Self::Connect(value)
            | Self::Create(value)
            | Self::Delete(value)
            | Self::Edit(value)
            | Self::Instruct(value)
            | Self::Kill(value)
            | Self::Modify(value)
            | Self::Overwrite(value)
            | Self::Read(value)
            | Self::Script(value)
            | Self::Seek(value)
            | Self::Unpack(value) => known(value),
            Self::Copy { from: one, to: other } | Self::Link { to: one, at: other } | Self::Move { from: one, to: other } => {
                known(one) && known(other)
            }
            Self::Request { method, address, .. } => method.known().is_some() && !address.starts_unknown(),
            Self::Run { words, .. } => words.iter().all(known),
            Self::Set { value, .. } => known(value),
            Self::Shell { text, .. } | Self::Sql { text, .. } => text.known().is_some(),
            Self::ChangeDirectory { .. } | Self::Leak(_) | Self::Load(_) | Self::Mail => true,
            Self::Unseen(_) => false,
        }
    }
}
