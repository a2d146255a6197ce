//! The text of a change in a terminal, with the parts marked that its effects come from.
//!
//! ```text
//! │ cd shop && rm -rf tests/ ~/
//! │                   1^^^^^ 2^
//! ```
//!
//! A number stands below the first character of each part. The text is hostile: what cannot be seen is spelled out before
//! anything is measured, and every line stands behind a bar, so that none can pass for one of ours. A long line is cut around its
//! marks, a long text around its marked lines; what is left out is said.
//!
//! *In scope:* the layout. *Out of scope:* which parts are marked and what is said of them (`show.rs`).

use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use holdpoint_core::visible::{Lines, is_hidden, spelled};
use unicode_width::UnicodeWidthChar as _;

const BAR: Style = AnsiColor::BrightBlack.on_default();
const MARKED: Style = AnsiColor::Red.on_default().underline();
const NUMBER: Style = AnsiColor::Red.on_default();

/// Columns of a line that are shown on either side of where a mark begins or ends, where the line is cut.
const CONTEXT_COLUMNS: usize = 24;
/// Lines that are shown on either side of one where a mark begins or ends, where the text is cut.
const CONTEXT_LINES: usize = 1;
/// A text of so many lines is shown whole.
const LINES_WHOLE: usize = 12;
/// Most lines that are shown of a longer one.
const LINES_MAX: usize = 60;
/// Most rows that one line is broken into.
const ROWS_MAX: usize = 24;
/// How far apart tabulators stop.
const TAB: usize = 4;

/// A part of a text, in bytes, and the number under which something is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) number: usize,
    pub(crate) span: Range<usize>,
}

/// Lays a text out in rows of at most so many columns, with a row of marks below each that has some.
pub(crate) fn lay_out(text: &str, marks: &[Mark], columns: usize) -> String {
    let mut laid = String::new();
    let mut left_out = 0;
    let lines = lines(text);
    let shown = shown_lines(&lines, marks);
    for (line, shown) in lines.iter().zip(shown) {
        if !shown {
            left_out += 1;
            continue;
        }
        tell_left_out(&mut laid, std::mem::take(&mut left_out));
        lay_out_line(&mut laid, text, line, marks, columns);
    }
    tell_left_out(&mut laid, left_out);
    laid
}

/// Puts all of a text on one line, with its marked parts in another colour.
pub(crate) fn on_one_line(text: &str, marks: &[Mark]) -> String {
    let mut cells = cells(text, 0);
    cells.iter_mut().filter(|cell| cell.shown == "\n").for_each(|cell| cell.shown = "⏎".to_owned());
    underlined(&cells, &marks.iter().collect::<Vec<_>>())
}

fn tell_left_out(laid: &mut String, lines: usize) {
    let what = match lines {
        0 => return,
        1 => "1 line".to_owned(),
        _ => format!("{lines} lines"),
    };
    let _ = writeln!(laid, "  {BAR}⋮ {what}{BAR:#}");
}

/// The lines of a text, in bytes. An empty last one is none.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        lines.push(start..start + line.len());
        start += line.len() + 1;
    }
    if lines.len() > 1 && lines.last().is_some_and(Range::is_empty) {
        lines.pop();
    }
    lines
}

/// Which lines are shown: all of a short text, of a long one those around the ends of marks.
fn shown_lines(lines: &[Range<usize>], marks: &[Mark]) -> Vec<bool> {
    let mut shown = vec![lines.len() <= LINES_WHOLE; lines.len()];
    let mut show = |at: usize| {
        let around = at.saturating_sub(CONTEXT_LINES)..lines.len().min(at + CONTEXT_LINES + 1);
        shown.get_mut(around).into_iter().flatten().for_each(|shown| *shown = true);
    };
    for end in marks.iter().flat_map(ends) {
        show(lines.partition_point(|line| line.end < end));
    }
    if marks.is_empty() {
        shown.iter_mut().take(LINES_WHOLE).for_each(|shown| *shown = true);
    }
    let mut left = LINES_MAX;
    shown.iter_mut().filter(|shown| **shown).for_each(|shown| {
        *shown = left > 0;
        left = left.saturating_sub(1);
    });
    shown
}

/// The first and the last byte of a mark.
fn ends(mark: &Mark) -> [usize; 2] {
    [mark.span.start, mark.span.end.saturating_sub(1).max(mark.span.start)]
}

/// A character as it is shown, or several that are left out.
#[derive(Debug)]
struct Cell {
    /// Where it stands in the text, in bytes.
    place: Range<usize>,
    shown: String,
    columns: usize,
}

impl Cell {
    fn is_in(&self, mark: &Mark) -> bool {
        self.place.start < mark.span.end && mark.span.start < self.place.end
    }
}

fn lay_out_line(laid: &mut String, text: &str, line: &Range<usize>, marks: &[Mark], columns: usize) {
    let here = |mark: &&Mark| mark.span.start < line.end && line.start < mark.span.end;
    let marks: Vec<&Mark> = marks.iter().filter(here).collect();
    let cells = cut(cells(text.get(line.clone()).unwrap_or_default(), line.start), &marks, columns);
    let mut rows = in_rows(&cells, columns);
    let more = rows.len() > ROWS_MAX;
    rows.truncate(ROWS_MAX);
    for row in rows {
        lay_out_row(laid, row, &marks);
    }
    if more {
        let _ = writeln!(laid, "  {BAR}⋮ more of this line{BAR:#}");
    }
}

fn cells(line: &str, start: usize) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(line.len());
    let mut column = 0;
    for (at, character) in line.char_indices() {
        let (shown, columns) = match character {
            '\t' => (" ".repeat(TAB - column % TAB), TAB - column % TAB),
            _ if is_hidden(character, Lines::Several) => {
                let shown = spelled(character);
                let columns = shown.chars().count();
                (shown, columns)
            }
            _ => (character.to_string(), character.width().unwrap_or(1)),
        };
        column += columns;
        cells.push(Cell { place: start + at..start + at + character.len_utf8(), shown, columns });
    }
    cells
}

/// Leaves out of a line that is too wide what is far from where marks begin and end.
fn cut(cells: Vec<Cell>, marks: &[&Mark], columns: usize) -> Vec<Cell> {
    if cells.iter().map(|cell| cell.columns).sum::<usize>() <= columns {
        return cells;
    }
    let mut kept = vec![false; cells.len()];
    let mut keep = |from: usize, room: usize, step: isize| {
        let (mut at, mut left) = (from, room);
        while let (Some(kept), Some(cell)) = (kept.get_mut(at), cells.get(at)) {
            *kept = true;
            left = left.saturating_sub(cell.columns.max(1));
            let next = if left == 0 { None } else { at.checked_add_signed(step) };
            let Some(next) = next else { break };
            at = next;
        }
    };
    for end in marks.iter().flat_map(|mark| ends(mark)) {
        // An end beyond the line is none of its own: the nearest character stands for it.
        let at = cells.partition_point(|cell| cell.place.end <= end).min(cells.len().saturating_sub(1));
        keep(at, CONTEXT_COLUMNS, 1);
        keep(at, CONTEXT_COLUMNS, -1);
    }
    if marks.is_empty() {
        keep(0, columns.saturating_sub(1), 1);
    }
    let mut cut: Vec<Cell> = Vec::new();
    let mut gap = false;
    for (cell, kept) in cells.into_iter().zip(kept) {
        match cut.last_mut() {
            _ if kept => cut.push(cell),
            Some(last) if gap => last.place.end = cell.place.end,
            _ => cut.push(Cell { place: cell.place, shown: "…".to_owned(), columns: 1 }),
        }
        gap = !kept;
    }
    cut
}

fn in_rows(cells: &[Cell], columns: usize) -> Vec<&[Cell]> {
    let mut rows = Vec::new();
    let (mut start, mut width) = (0, 0);
    for (at, cell) in cells.iter().enumerate() {
        if width + cell.columns > columns && at > start {
            rows.push(cells.get(start..at).unwrap_or_default());
            (start, width) = (at, 0);
        }
        width += cell.columns;
    }
    rows.push(cells.get(start..).unwrap_or_default());
    rows
}

fn lay_out_row(laid: &mut String, row: &[Cell], marks: &[&Mark]) {
    let _ = writeln!(laid, "  {BAR}│{BAR:#} {}", underlined(row, marks));
    for below in rows_of_marks(row, marks) {
        let _ = writeln!(laid, "  {BAR}│{BAR:#} {NUMBER}{below}{NUMBER:#}");
    }
}

fn underlined(row: &[Cell], marks: &[&Mark]) -> String {
    let mut line = String::new();
    let mut inside = false;
    for cell in row {
        let marked = marks.iter().any(|mark| cell.is_in(mark));
        if marked != inside {
            let _ = if marked { write!(line, "{MARKED}") } else { write!(line, "{MARKED:#}") };
        }
        inside = marked;
        line.push_str(&cell.shown);
    }
    if inside {
        let _ = write!(line, "{MARKED:#}");
    }
    line
}

/// What stands below a row: each mark that has a part in it, in as few rows as keep them apart.
fn rows_of_marks(row: &[Cell], marks: &[&Mark]) -> Vec<String> {
    let mut drawn: Vec<(usize, String)> = marks.iter().filter_map(|mark| draw(row, mark)).collect();
    drawn.sort_by(|(one, longer), (other, shorter)| one.cmp(other).then(shorter.len().cmp(&longer.len())));
    let mut rows: Vec<String> = Vec::new();
    for (start, mark) in drawn {
        match rows.iter_mut().find(|row| row.len() < start) {
            Some(row) => *row = format!("{row:start$}{mark}"),
            None => rows.push(format!("{:start$}{mark}", "")),
        }
    }
    rows
}

/// A mark below a row: at which column, and what. The number stands where the mark begins; on later rows it only goes on.
fn draw(row: &[Cell], mark: &Mark) -> Option<(usize, String)> {
    let mut column = 0;
    let mut part: Option<(usize, usize, bool)> = None;
    for cell in row {
        if cell.is_in(mark) {
            let (start, _, begins) = part.unwrap_or((column, column, cell.place.contains(&mark.span.start)));
            part = Some((start, column + cell.columns, begins));
        }
        column += cell.columns;
    }
    let (start, end, begins) = part?;
    let number = if begins { mark.number.to_string() } else { String::new() };
    let rest = (end - start).max(1).saturating_sub(number.len());
    Some((start, format!("{number}{}", "^".repeat(rest))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout without colours.
    fn plain(text: &str, spans: &[Range<usize>], columns: usize) -> String {
        let marks: Vec<Mark> = spans.iter().zip(1..).map(|(span, number)| Mark { number, span: span.clone() }).collect();
        anstream::adapter::strip_str(&lay_out(text, &marks, columns)).to_string()
    }

    fn span(text: &str, part: &str) -> Range<usize> {
        let start = text.find(part).unwrap();
        start..start + part.len()
    }

    #[test]
    fn each_part_has_its_number_below_it() {
        let text = "cd shop && rm -rf a tests/ ~/";
        let spans = [span(text, "a tests"), span(text, "tests/"), span(text, "~/"), span(text, "rm -rf a tests/ ~/")];
        insta::assert_snapshot!(plain(text, &spans, 80), @"
        │ cd shop && rm -rf a tests/ ~/
        │            4^^^^^^^^^^^^^^^^^
        │                   1^^^^^^  3^
        │                     2^^^^^
        ");
    }

    #[test]
    fn what_a_terminal_would_hide_is_spelled_out_and_the_marks_stand_below_what_is_seen() {
        let text = "rm\t文\u{1b}[8m \u{202e}txt.\rx";
        let spans = [span(text, "文"), span(text, "txt."), span(text, "x")];
        insta::assert_snapshot!(plain(text, &spans[..2], 80), @"
        │ rm  文⟨U+001B⟩[8m ⟨U+202E⟩txt.⟨U+000D⟩x
        │     1^                    2^^^
        ");
        assert!(!lay_out(text, &[], 80).contains(['\u{202e}', '\r']));
    }

    #[test]
    fn a_long_line_is_cut_around_its_marks() {
        let text = format!("echo {} && rm -rf ~/data && echo {}", "a".repeat(90_000), "b,".repeat(300));
        insta::assert_snapshot!(plain(&text, &[span(&text, "~/data")], 60), @"
        │ …aaaaaaaaaaaa && rm -rf ~/data && echo b,b,b,b,b,b,b,…
        │                         1^^^^^
        ");
        let whole = 0..text.len();
        insta::assert_snapshot!(plain(&text, &[whole, span(&text, "~/data")], 60), @"
        │ echo aaaaaaaaaaaaaaaaaaa…aaaaaaaaaaaa && rm -rf ~/data && ec
        │ 1^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        │                                                 2^^^^^
        │ ho b,b,b,b,b,b,b,…b,b,b,b,b,b,b,b,b,b,b,b,
        │ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        ");
        insta::assert_snapshot!(plain(&text, &[], 60), @"
          │ echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
        ");
    }

    #[test]
    fn a_long_script_is_cut_around_its_marked_lines() {
        let text = format!("set -e\n{}if x; then\n\trm -rf \\\n\t\t~/data\nfi\n{}", "echo a\n".repeat(20), "echo b\n");
        insta::assert_snapshot!(plain(&text, &[span(&text, "rm -rf \\\n\t\t~/data"), span(&text, "~/data")], 60), @"
        ⋮ 21 lines
        │ if x; then
        │     rm -rf \
        │     1^^^^^^^
        │         ~/data
        │ ^^^^^^^^^^^^^^
        │         2^^^^^
        │ fi
        ⋮ 1 line
        ");
        insta::assert_snapshot!(plain(&text, &[], 60), @"
        │ set -e
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        │ echo a
        ⋮ 14 lines
        ");
    }

    #[test]
    fn many_marks_and_odd_places_stay_within_bounds() {
        let text = "x y ".repeat(10_000);
        let spans: Vec<_> = (0..512).map(|at| at * 70..at * 70 + 1).collect();
        let laid = plain(&text, &spans, 100);
        assert!(laid.lines().count() <= ROWS_MAX * 4, "{}", laid.lines().count());
        assert!(laid.lines().all(|line| line.chars().count() <= 104));
        for odd in [0..0, Range { start: 5, end: 2 }, 3..900_000, 900_000..900_001] {
            plain("文文\n文", std::slice::from_ref(&odd), 1);
            plain("", &[odd], 80);
        }
    }

    #[test]
    fn without_colour_nothing_of_it_is_left_and_with_it_the_part_is_underlined() {
        let laid = lay_out("rm ~", &[Mark { number: 1, span: 3..4 }], 80);
        assert!(laid.contains(&format!("rm {MARKED}~{MARKED:#}")), "{laid:?}");
        assert_eq!(anstream::adapter::strip_str(&laid).to_string(), "  │ rm ~\n  │    1\n");
        let line = on_one_line("ls\nrm ~", &[Mark { number: 1, span: 6..7 }]);
        assert_eq!(line, format!("ls⏎rm {MARKED}~{MARKED:#}"));
    }
}
