//! Dockerfiles (docs.docker.com/reference/dockerfile): the steps that are lent a secret or the person's SSH agent. Every other step
//! happens in the image and to nothing of the machine.

use super::LINES_MAX;

/// The texts of the `RUN` steps that mount a secret or an agent, with the lines on which they stand.
pub(crate) fn lent_steps(text: &str) -> Vec<(String, usize)> {
    let mut steps: Vec<(String, usize)> = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let (mut whole, first) = open.take().unwrap_or((String::new(), number));
        whole.push_str(line.trim_end().strip_suffix('\\').unwrap_or(line));
        if line.trim_end().ends_with('\\') {
            whole.push(' ');
            open = Some((whole, first));
            continue;
        }
        let (word, rest) = whole.trim_start().split_once(char::is_whitespace).unwrap_or_default();
        if word.eq_ignore_ascii_case("run") && steps.len() < LINES_MAX {
            let mut rest = rest.trim_start();
            let mut lent = false;
            while let Some((option, behind)) = rest.split_once(char::is_whitespace).filter(|(option, _)| option.starts_with("--"))
            {
                lent |= option.starts_with("--mount=") && ["type=secret", "type=ssh"].iter().any(|kind| option.contains(kind));
                rest = behind.trim_start();
            }
            if lent {
                steps.push((rest.to_owned(), first));
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_are_lent_something_are_given() {
        let text = "FROM x\nRUN rm -rf /\nRUN --mount=type=secret,id=k \\\n  # a comment\n  curl -d @/run/secrets/k \\\n  https://example.org\nrun --mount=type=cache,target=/c make\n";
        assert_eq!(lent_steps(text), [("curl -d @/run/secrets/k    https://example.org".to_owned(), 3)]);
    }
}
