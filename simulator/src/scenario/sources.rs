//! The files that a scenario is written in: its own, the one that this extends, and so on; and where in them a thing
//! stands.
//!
//! All texts count as one row, the scenario's own first. A place is a number of bytes in that row, so it tells the file
//! by itself, however tables are merged.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ScenarioError, ScenarioErrors};
use super::placed::Placed;

/// The key that names a base.
const EXTENDS: &str = "extends";

/// The most files that one scenario is written in: more is a mistake, or nobody's to follow.
const FILES_MAX: usize = 8;

/// The longest base: a scenario is a page or two.
const BASE_BYTES_MAX: u64 = 1 << 20;

/// The most errors that are told: nobody mends more at once, and a file that is no scenario at all has thousands.
const ERRORS_MAX: usize = 50;

/// The files of a scenario, and what was found wrong in them by now.
pub(super) struct Sources {
    files: Vec<Text>,
    noted: RefCell<BTreeSet<Note>>,
}

/// A file of the row.
struct Text {
    path: PathBuf,
    /// Where it begins in the row.
    start: usize,
    /// Its text behind `start` blanks: whoever parses it gets places in the row.
    text: String,
}

/// Something wrong, by its place in the row.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Note {
    at: usize,
    problem: String,
    hint: &'static str,
}

/// Something is wrong and is noted: there is no more to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted;

/// What was checked, unless something wrong with it is noted.
pub(super) type Checked<T> = Result<T, Noted>;

/// Looks at all of them, whatever is wrong with the first.
pub(super) fn every<T>(looks: impl IntoIterator<Item = Checked<T>>) -> Checked<Vec<T>> {
    let looks: Vec<Checked<T>> = looks.into_iter().collect();
    looks.into_iter().collect()
}

impl Sources {
    /// Takes a scenario's text, and reads the files that it extends, one after the other.
    pub(super) fn gather(path: &Path, text: &str) -> Self {
        let mut sources = Self { files: Vec::new(), noted: RefCell::default() };
        sources.add(path.to_owned(), text);
        while let Some((at, base)) = sources.next_base() {
            match sources.read(&base) {
                Ok(text) => sources.add(base, &text),
                Err((problem, hint)) => {
                    sources.error(at, problem, hint);
                    break;
                }
            }
        }
        sources
    }

    fn add(&mut self, path: PathBuf, text: &str) {
        // One byte between two files, so that the end of one is not the beginning of the next.
        let start = self.files.last().map_or(0, |last| last.text.len() + 1);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.files.push(Text { path, start, text: " ".repeat(start) + text });
    }

    /// Returns what the last file extends, where it does, and where it says so.
    fn next_base(&self) -> Option<(usize, PathBuf)> {
        let last = self.files.last()?;
        // What is no TOML, or no path, is told of when the file is read for good.
        let (table, _) = DeTable::parse_recoverable(&last.text);
        let value = table.get_ref().get(EXTENDS)?;
        let folder = last.path.parent().unwrap_or(Path::new(""));
        Some((value.span().start, folder.join(value.get_ref().as_str()?)))
    }

    /// Reads a base; or says what is wrong with it, and what to do.
    fn read(&self, base: &Path) -> Result<String, (String, &'static str)> {
        const NAME_A_FILE: &str = "name a scenario file, by its path from the file that extends it";
        let shown = base.display();
        if self.files.len() >= FILES_MAX {
            let hint = "let a base extend nothing, or little";
            return Err((format!("more than {FILES_MAX} files extend one another"), hint));
        }
        let found = std::fs::metadata(base)
            .map_err(|error| (format!("the base {shown} cannot be read: {error}"), NAME_A_FILE))?;
        if !found.is_file() {
            return Err((format!("the base {shown} is no file"), NAME_A_FILE));
        }
        if found.len() > BASE_BYTES_MAX {
            let problem = format!("the base {shown} has {} bytes, more than {BASE_BYTES_MAX}", found.len());
            return Err((problem, NAME_A_FILE));
        }
        if self.files.iter().any(|file| is_same(&file.path, base)) {
            let problem = format!("{shown} would extend itself, directly or by way of others");
            return Err((problem, "take one `extends` of this circle out"));
        }
        std::fs::read_to_string(base)
            .map_err(|error| (format!("the base {shown} cannot be read: {error}"), NAME_A_FILE))
    }

    /// Returns what stands in all files together.
    pub(super) fn table(&self) -> Checked<Spanned<DeTable<'_>>> {
        // Without its base, a file misses a lot that nobody has to be told of.
        if !self.noted.borrow().is_empty() {
            return Err(Noted);
        }
        let tables = every(self.files.iter().map(|file| self.table_of(file)))?;
        tables.into_iter().reduce(merged).ok_or(Noted)
    }

    fn table_of<'a>(&self, file: &'a Text) -> Checked<Spanned<DeTable<'a>>> {
        let (table, mut errors) = DeTable::parse_recoverable(&file.text);
        if errors.is_empty() {
            return Ok(table);
        }
        let at = |error: &toml::de::Error| error.span().map_or(file.start, |span| span.start);
        errors.sort_by_key(at);
        let mut told = file.start;
        for error in errors {
            let at = at(&error);
            // What follows the first on a line mostly follows from it.
            if at >= told {
                let is_twice = error.message().starts_with("duplicate key");
                let hint = if is_twice { "remove one of the two" } else { "mend the TOML of this line" };
                self.error(at, error.message().replace('\n', " "), hint);
                let rest = file.text.get(at..).unwrap_or_default();
                told = rest.find('\n').map_or(usize::MAX, |end| at + end + 1);
            }
        }
        Err(Noted)
    }

    /// Notes what is said of a shape, with a place for where nothing is said of that.
    pub(super) fn wrong_shape(&self, otherwise: usize, error: &toml::de::Error) -> Noted {
        let problem = error.message().replace('\n', " ");
        let hint = match problem.split(['`', ',']).next().unwrap_or_default().trim() {
            "missing field" => "add it; scenarios/README.md explains every key",
            "unknown field" => "correct it, or take it out; scenarios/README.md explains every key",
            "unknown variant" => "use one of these words",
            _ => "write it as scenarios/README.md does, which explains every key",
        };
        self.error(error.span().map_or(otherwise, |span| span.start), problem, hint)
    }

    /// Notes what is wrong at a place, and what to do about it.
    pub(super) fn error(&self, at: usize, problem: impl Into<String>, hint: &'static str) -> Noted {
        // Cases of one matrix, and looks at a part and at the whole, find the same; it is said once.
        self.noted.borrow_mut().insert(Note { at, problem: problem.into(), hint });
        Noted
    }

    /// Returns the result, unless something is noted.
    pub(super) fn verdict<T>(self, checked: Checked<T>) -> Result<T, ScenarioErrors> {
        let noted = self.noted.borrow();
        match checked {
            Ok(checked) if noted.is_empty() => Ok(checked),
            Ok(_) | Err(Noted) => {
                let mut errors: Vec<ScenarioError> =
                    noted.iter().take(ERRORS_MAX).map(|note| self.error_of(note)).collect();
                if let Some(next) = noted.iter().nth(ERRORS_MAX) {
                    let problem = format!("and {} more, from here on", noted.len() - ERRORS_MAX);
                    let hint = "mend those above first; some of these may be gone with them";
                    errors.push(self.error_of(&Note { at: next.at, problem, hint }));
                }
                Err(ScenarioErrors(errors))
            }
        }
    }

    fn error_of(&self, note: &Note) -> ScenarioError {
        let Note { at, problem, hint } = note;
        let file = self.files.iter().rev().find(|file| file.start <= *at);
        let (path, before) = file.map_or((Path::new(""), ""), |file| {
            // A place that the parser gives is between two characters and within the file; else there is none.
            (&*file.path, file.text.get(file.start..*at).unwrap_or_default())
        });
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ScenarioError {
            file: path.to_owned(),
            line: Some(before.matches('\n').count() + 1),
            column: Some(before[line_start..].chars().count() + 1),
            problem: problem.clone(),
            hint,
        }
    }

    /// Parses a value of the file into one of ours.
    pub(super) fn parsed<T>(&self, value: &Placed<String>, hint: &'static str) -> Checked<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        value.get_ref().parse().map_err(|error: T::Err| self.error(value.at(), error.to_string(), hint))
    }

    /// Sees that a name is one of those that there are.
    pub(super) fn known(&self, name: &Placed<String>, what: &str, known: &[&str]) -> Checked<String> {
        if known.contains(&name.get_ref().as_str()) {
            return Ok(name.get_ref().clone());
        }
        let there_are = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let problem = format!("no {what} `{}`: expected one of {there_are}", name.get_ref());
        Err(self.error(name.at(), problem, "use a name that the scenario or the catalog has"))
    }

    /// Sees that a list has each of its texts once.
    pub(super) fn once<'n>(&self, texts: impl IntoIterator<Item = &'n Placed<String>>) -> Checked<()> {
        let mut seen = BTreeSet::new();
        let twice = texts.into_iter().filter(|text| !seen.insert(text.get_ref()));
        let noted = twice.map(|twice| {
            let problem = format!("`{}` is there twice, expected once", twice.get_ref());
            Err(self.error(twice.at(), problem, "remove one of the two"))
        });
        every(noted).map(|_: Vec<()>| ())
    }
}

/// Returns whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// Merges what one file says into the file that it extends: tables key by key, anything else as the first has it.
fn merged<'a>(over: Spanned<DeTable<'a>>, base: Spanned<DeTable<'a>>) -> Spanned<DeTable<'a>> {
    let place = over.span();
    let mut whole = over.into_inner();
    for (key, below) in base.into_inner() {
        let (key, value) = match whole.remove_entry(&**key.get_ref()) {
            None => (key, below),
            Some((key, above)) => (key, merged_value(above, below)),
        };
        whole.insert(key, value);
    }
    Spanned::new(place, whole)
}

fn merged_value<'a>(above: Spanned<DeValue<'a>>, below: Spanned<DeValue<'a>>) -> Spanned<DeValue<'a>> {
    let (place, place_below) = (above.span(), below.span());
    let value = match (above.into_inner(), below.into_inner()) {
        (DeValue::Table(above), DeValue::Table(below)) => {
            let whole = merged(Spanned::new(place.clone(), above), Spanned::new(place_below, below));
            DeValue::Table(whole.into_inner())
        }
        (above, _) => above,
    };
    Spanned::new(place, value)
}
