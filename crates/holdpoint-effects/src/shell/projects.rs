//! Tools that a project carries under another name than their families have: `manage.py`, `artisan`, `./gradlew`, `python -m
//! twine`, `bin/rails`. The file runs as code of the work tree; what the words behind it destroy or publish is said besides.
//!
//! *Out of scope:* what the file itself holds (`command.rs`).

use super::syntax::Span;
use super::value::Field;
use super::walker::Walker;
use super::wrapper::leading;
use crate::families;

impl Walker<'_> {
    /// Follows the words behind a file, or behind the name of a module, as those of the tool that it is.
    pub(super) fn project_tool(&mut self, name: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some((tool, command)) = tool_named(name).and_then(|tool| Some((tool, families::command(tool)?))) else { return };
        self.at_worst(|walker| walker.apply(tool, command, words, directory, span));
        if tool == "django-admin" && words.first().and_then(Field::known).as_deref() == Some("shell") {
            self.django_shell(words, directory, span);
        }
    }

    /// `manage.py shell -c CODE`, or with the code on its input: Python, with what the families say of its objects besides.
    fn django_shell(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let (line, _) = leading(words.get(1..).unwrap_or_default(), &["-c", "--command", "-i", "--interface", "--settings"]);
        match ["-c", "--command"].iter().flat_map(|name| line.values(name)).next().cloned() {
            Some(code) => self.code("python3", &code.value, &[], directory, span),
            None => self.code_from_input("python3", &[], directory, span),
        }
    }
}

/// The name that a tool's family has.
fn tool_named(name: &str) -> Option<&str> {
    match name.rsplit('/').next()? {
        "ace" | "ace.js" => Some("adonis-ace"),
        "artisan" => Some("artisan"),
        "console" => Some("symfony-console"),
        "manage.py" => Some("django-admin"),
        "setup.py" => Some("setup.py"),
        base @ ("alembic" | "celery" | "flask" | "flyway" | "gradlew" | "mvnw" | "rails" | "rake" | "twine" | "flit"
        | "hatch" | "poetry" | "drizzle-kit" | "sqlx" | "sea-orm-cli" | "rimraf" | "pdm" | "uv" | "pip" | "awscli"
        | "ansible" | "dbmate" | "knex" | "sequelize" | "typeorm" | "prisma") => Some(base),
        _ => None,
    }
}
