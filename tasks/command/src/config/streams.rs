//! What a command reads, and how its output is read: `stdin`, `stdin_file`, `encoding`.

use super::{
    check::{CONFIG_DIR, Checker},
    errors::Errors,
};
use crate::{decode::Encoding, params::Param, stdin::Stdin};

impl Checker<'_> {
    pub(super) fn stdin(&self, params: &[Param], errors: &mut Errors<'_>) -> Option<Stdin> {
        let (text, file) = (&self.raw.stdin, &self.raw.stdin_file);
        let declared = text.as_ref().or(file.as_ref())?;
        if text.is_some() && file.is_some() {
            let what = "either `stdin` or `stdin_file`";
            errors.at(&declared.span(), &self.key("stdin"), what);
        }
        if self.raw.pty == Some(true) {
            let what = "with `pty`, the terminal is the standard input";
            errors.at(&declared.span(), &self.key("stdin"), what);
        }
        let (key, stdin) = match text {
            Some(text) => ("stdin", Stdin::text(&self.placed(text.get_ref()), params)),
            None => ("stdin_file", Stdin::file(&self.input_file(declared.get_ref()), params)),
        };
        match stdin {
            Ok(stdin) => Some(stdin),
            Err(unfit) => {
                errors.at(&declared.span(), &self.key(key), &unfit.to_string());
                None
            }
        }
    }

    /// A parameter in braces as it is, or a path relative to the configuration file.
    fn input_file(&self, path: &str) -> String {
        if path.starts_with('{') && !path.starts_with(CONFIG_DIR) {
            return path.to_owned();
        }
        let path = path.replace(CONFIG_DIR, &self.folder.to_string_lossy());
        self.folder.join(path).to_string_lossy().into_owned()
    }

    pub(super) fn encoding(&self, errors: &mut Errors<'_>) -> Option<Encoding> {
        let label = self.raw.encoding.as_ref()?;
        let encoding = Encoding::of(label.get_ref());
        if encoding.is_none() {
            let right = "an encoding such as `utf-8`, `latin1`, `windows-1251`, `shift_jis` or \
                         `cp850`; without it, UTF-8 is expected and others are guessed";
            errors.at(&label.span(), &self.key("encoding"), right);
        }
        encoding
    }
}
