//! Arithmetic that the line determines: `$((2 * n + 1))` with a known `n`, and which names an expression assigns.
//!
//! *Out of scope:* everything but whole numbers, names, brackets, and the operators for sums and products; its value is unknown.

/// The value of an expression; `variable` gives the text of a name, where it is known.
pub(super) fn value(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<i64> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let mut expression = Expression { rest: text.trim(), depth: 0, variable };
    let value = expression.sum()?;
    expression.rest.is_empty().then_some(value)
}

/// Longest expression that is computed, in bytes, and its deepest nesting.
const TEXT_MAX: usize = 200;
const NESTING_MAX: usize = 8;

struct Expression<'t> {
    rest: &'t str,
    depth: usize,
    variable: &'t dyn Fn(&str) -> Option<String>,
}

impl Expression<'_> {
    fn take(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> Option<i64> {
        let mut sum = self.product()?;
        loop {
            // `++` and `--` assign.
            if self.rest.starts_with("++") || self.rest.starts_with("--") {
                return None;
            }
            if self.take('+') {
                sum = sum.checked_add(self.product()?)?;
            } else if self.take('-') {
                sum = sum.checked_sub(self.product()?)?;
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<i64> {
        let mut product = self.atom()?;
        loop {
            if self.rest.starts_with("**") {
                return None;
            }
            if self.take('*') {
                product = product.checked_mul(self.atom()?)?;
            } else if self.take('/') {
                product = product.checked_div(self.atom()?)?;
            } else if self.take('%') {
                product = product.checked_rem(self.atom()?)?;
            } else {
                return Some(product);
            }
        }
    }

    fn atom(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > NESTING_MAX || self.rest.starts_with("++") || self.rest.starts_with("--") {
            return None;
        }
        let value = if self.take('-') {
            self.atom()?.checked_neg()?
        } else if self.take('+') {
            self.atom()?
        } else if self.take('(') {
            let inner = self.sum()?;
            self.take(')').then_some(inner)?
        } else {
            self.number_or_name()?
        };
        self.depth -= 1;
        Some(value)
    }

    fn number_or_name(&mut self) -> Option<i64> {
        let length = self.rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (word, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.trim_start();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            return number(word);
        }
        let text = (self.variable)(word).filter(|_| !word.is_empty() && !self.rest.starts_with('['))?;
        let text = text.trim();
        // What a name holds may be an expression of its own.
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        if text.is_empty() { Some(0) } else { number(digits)?.checked_mul(sign) }
    }
}

/// A decimal number. One that begins with a zero is octal or hexadecimal.
fn number(text: &str) -> Option<i64> {
    if text.len() > 1 && text.starts_with('0') { None } else { text.parse().ok() }
}

/// The one assignment that an expression is: the name, and the sum that it is given.
pub(super) fn assignment(text: &str) -> Option<(&str, String)> {
    let text = text.trim();
    if let Some(name) = text.strip_suffix("++").or_else(|| text.strip_prefix("++")).map(str::trim).filter(|name| is_name(name)) {
        return Some((name, format!("{name}+1")));
    }
    if let Some(name) = text.strip_suffix("--").or_else(|| text.strip_prefix("--")).map(str::trim).filter(|name| is_name(name)) {
        return Some((name, format!("{name}-1")));
    }
    let (head, sum) = text.split_once('=')?;
    let (name, operator) = match head.strip_suffix(['+', '-', '*']) {
        Some(name) => (name.trim(), head.get(name.len()..)),
        None => (head.trim(), None),
    };
    // A second assignment, a comparison or a list is more than a sum.
    let plain = is_name(name) && !sum.contains(['=', ',', '&', '|', '?', '<', '>']) && !sum.contains("++") && !sum.contains("--");
    plain.then(|| (name, operator.map_or_else(|| sum.to_owned(), |operator| format!("{name}{operator}({sum})"))))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The names that an expression assigns; too many rather than too few.
pub(super) fn assigned(text: &str) -> Vec<&str> {
    let plain = text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "");
    // `<<=` and `>>=` assign as well.
    let assigns =
        plain.contains('=') || text.contains("++") || text.contains("--") || text.contains("<<=") || text.contains(">>=");
    let names = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
    let named = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if assigns { names.filter(named).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_are_computed() {
        let n = |name: &str| (name == "n").then(|| "3".to_owned());
        for (text, expected) in [("1+2*3", 7), (" ( n - 5 ) * 2 ", -4), ("-n", -3), ("7 / 2 % 2", 1)] {
            assert_eq!(value(text, &n), Some(expected), "{text}");
        }
        for text in ["010", "n++", "n=1", "a[1]", "m", "1/0", "2**3", "", "9223372036854775807+1"] {
            assert_eq!(value(text, &n), None, "{text}");
        }
    }

    #[test]
    fn one_assignment_is_a_name_and_a_sum() {
        for (text, expected) in [("i++", "i+1"), (" --i ", "i-1"), ("i += 2", "i +( 2)"), ("i=j*2", "j*2")] {
            assert_eq!(
                assignment(text).map(|(name, sum)| (name, sum.replace(' ', ""))),
                Some(("i", expected.replace(' ', ""))),
                "{text}"
            );
        }
        for text in ["i==1", "i=j=1", "i<1", "a[1]=2", "i=1,j=2", "i"] {
            assert_eq!(assignment(text), None, "{text}");
        }
    }

    #[test]
    fn assigned_names_are_found() {
        assert_eq!(assigned("i++"), ["i"]);
        assert_eq!(assigned("a = b + 1"), ["a", "b"]);
        assert!(assigned("i == 1 && j <= 2").is_empty());
    }
}
