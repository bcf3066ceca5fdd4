//! Reads `--name value` and `--flag` arguments. No errors: a test program takes a default for what it can't read.

/// The arguments after the program's name.
pub struct Args {
    list: Vec<String>,
}

impl Args {
    /// Takes the words as they came.
    pub fn new(list: Vec<String>) -> Self {
        Self { list }
    }

    /// Whether `--name` was given.
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|word| word == name)
    }

    /// The word after `--name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        let at = self.list.iter().position(|word| word == name)?;
        self.list.get(at + 1).map(String::as_str)
    }

    /// The number after `--name`, or `default`.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name).and_then(|word| word.parse().ok()).unwrap_or(default)
    }

    /// All words.
    pub fn all(&self) -> &[String] {
        &self.list
    }
}
