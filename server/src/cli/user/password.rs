//! Reading a password: from a terminal that does not show it, or from standard input.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    os::fd::AsFd,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// More than a password may have: what is longer is refused by its length.
const MAX_BYTES: u64 = 4_096;

/// Reads standard input to its end, without a line break there.
pub(super) fn read_all() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(without_break(&text).to_owned())
}

/// Asks twice on the terminal.
pub(super) fn ask() -> io::Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let detail = "standard input is no terminal: give the password there with --stdin";
        return Err(io::Error::other(detail));
    }
    let hidden = Hidden::on(&stdin)?;
    let (first, second) = (ask_once("Password: ")?, ask_once("Again: ")?);
    drop(hidden);
    if first == second { Ok(first) } else { Err(io::Error::other("the two are not the same")) }
}

fn ask_once(question: &str) -> io::Result<String> {
    let mut stderr = io::stderr();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(MAX_BYTES).read_line(&mut line)?;
    // The line break was not shown either.
    stderr.write_all(b"\n")?;
    Ok(without_break(&line).to_owned())
}

fn without_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'a, Fd: AsFd> {
    terminal: &'a Fd,
    before: Termios,
}

impl<'a, Fd: AsFd> Hidden<'a, Fd> {
    fn on(terminal: &'a Fd) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl<Fd: AsFd> Drop for Hidden<'_, Fd> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};

    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_a_password() {
        for (text, password) in
            [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a \n", " a ")]
        {
            assert_eq!(without_break(text), password, "{text:?}");
        }
    }

    #[test]
    fn a_terminal_shows_what_is_typed_again_afterwards() {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let shows = || tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO);
        assert!(shows());
        let hidden = Hidden::on(&terminal).unwrap();
        assert!(!shows());
        drop(hidden);
        assert!(shows());
    }
}
