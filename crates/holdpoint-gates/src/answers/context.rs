//! What is current: the Kubernetes context and the Terraform workspace.

use std::path::{Path, PathBuf};

use holdpoint_core::change::Setting;
use holdpoint_core::question::Answer;

use super::unknown::unknown;

/// The current context: that of the first file in `KUBECONFIG`, or of the person's own, that names one.
pub(super) fn kubernetes(setting: &Setting) -> Answer {
    let variable = |name| setting.variables.get(name).filter(|value: &&String| !value.is_empty());
    let files: Vec<PathBuf> = match (variable("KUBECONFIG"), variable("HOME")) {
        (Some(list), _) => list.split(':').filter(|path| !path.is_empty()).map(|path| absolute(path, setting)).collect(),
        (None, Some(home)) => vec![Path::new(home).join(".kube/config")],
        (None, None) => return unknown("neither KUBECONFIG nor HOME is known"),
    };
    for file in files {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return unknown(&format!("`{}` cannot be read: {error}", file.display())),
        };
        match current_context(&text) {
            Some(Some(name)) => return Answer::Name { name: Some(name) },
            Some(None) => {}
            None => return unknown(&format!("`{}` is not written as is usual", file.display())),
        }
    }
    Answer::Name { name: None }
}

/// The value of `current-context` at the top level of a kubeconfig; the outer nothing where it is not plain block YAML.
fn current_context(text: &str) -> Option<Option<String>> {
    if text.trim_start().starts_with(['{', '%', '&', '!']) {
        return None;
    }
    let values = text.lines().filter_map(|line| line.strip_prefix("current-context:").map(str::trim));
    let values: Vec<&str> = values.collect();
    let value = match values.as_slice() {
        [] => "",
        [value] => value,
        // One of them wins, and we do not know which.
        _ => return None,
    };
    let plain = if let Some(quoted) = value.strip_prefix('"') {
        quoted.strip_suffix('"').filter(|inner| !inner.contains(['\\', '"']))?
    } else if let Some(quoted) = value.strip_prefix('\'') {
        quoted.strip_suffix('\'').filter(|inner| !inner.contains('\''))?
    } else {
        let value = value.split(" #").next().unwrap_or_default().trim();
        if value.starts_with(['|', '>', '&', '*', '!', '{', '[', '#']) { return None } else { value }
    };
    Some((!plain.is_empty()).then(|| plain.to_owned()))
}

/// The current workspace of a configuration.
pub(super) fn terraform(directory: &str, setting: &Setting) -> Answer {
    let variable = |name| setting.variables.get(name).filter(|value: &&String| !value.is_empty());
    if let Some(name) = variable("TF_WORKSPACE") {
        return Answer::Name { name: Some(name.clone()) };
    }
    let data = Path::new(directory).join(variable("TF_DATA_DIR").map_or(".terraform", String::as_str));
    match std::fs::read_to_string(data.join("environment")) {
        Ok(name) if !name.trim().is_empty() => Answer::Name { name: Some(name.trim().to_owned()) },
        Ok(_) => Answer::Name { name: Some("default".to_owned()) },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Answer::Name { name: Some("default".to_owned()) },
        Err(error) => unknown(&format!("the workspace cannot be read: {error}")),
    }
}

fn absolute(path: &str, setting: &Setting) -> PathBuf {
    Path::new(&setting.directory).join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_only_from_what_is_plain() {
        let read = |text| current_context(text);
        assert_eq!(read("apiVersion: v1\ncurrent-context: kind-dev\nkind: Config\n"), Some(Some("kind-dev".into())));
        assert_eq!(read("current-context: \"arn:aws:eks:x/prod\" "), Some(Some("arn:aws:eks:x/prod".into())));
        assert_eq!(read("current-context: 'prod' "), Some(Some("prod".into())));
        assert_eq!(read("current-context: prod # the real one"), Some(Some("prod".into())));
        assert_eq!(read("current-context: \"\"\n"), Some(None));
        assert_eq!(read("contexts:\n- context:\n    current-context: no\n"), Some(None));
        for strange in [
            "{\"current-context\": \"prod\"}",
            "current-context: a\ncurrent-context: b",
            "current-context: |\n  prod",
            "current-context: *x",
            "current-context: \"a\\u0062\"",
        ] {
            assert_eq!(read(strange), None, "{strange}");
        }
    }
}
