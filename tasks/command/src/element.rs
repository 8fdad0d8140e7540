//! Texts with placeholders for parameters.

use std::fmt;

use super::{
    params::{Param, ParamType},
    value::ParamValue,
};

/// A text with placeholders: one argument, or several for a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// Index of a parameter.
    Param(usize),
}

/// What is wrong with a declared command line.
#[derive(Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// The first element is missing or not constant.
    Program,
    /// A `{` without `}`, or a `}` without `{`.
    Brace(String),
    /// Unknown parameter.
    Unknown(String),
    /// A list or a boolean inside other text.
    Amid(String),
    /// A boolean without `flag`.
    NoFlag(String),
    /// A parameter that is never used.
    Unused(String),
    /// A parameter that is not a file, where a file is needed.
    NoFile(String),
    /// A secret on the command line.
    Secret(String),
    /// A secret in the title.
    InTitle(String),
    /// NUL character.
    Nul,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str(
                "the first element names the program: an absolute path, or a name that is looked \
                 for in PATH, without parameters",
            ),
            Self::Brace(text) => write!(
                f,
                "`{text}`: write {{name}} for a parameter, and {{{{ and }}}} for the braces \
                 themselves"
            ),
            Self::Unknown(name) => write!(f, "no parameter `{name}` is declared under `params`"),
            Self::Amid(name) => {
                write!(f, "`{name}` may be several arguments or none: let it be an element alone")
            }
            Self::NoFlag(name) => {
                write!(f, "the boolean `{name}` needs `flag`, the argument that it adds")
            }
            Self::Unused(name) => {
                write!(
                    f,
                    "the parameter `{name}` is used nowhere: in `argv`, in `stdin` or by its `env`"
                )
            }
            Self::NoFile(name) => {
                write!(f, "the parameter `{name}` is no file: write `stdin = \"{{{name}}}\"`")
            }
            Self::Secret(name) => write!(
                f,
                "the secret `{name}` would be seen in the list of processes: give it by its `env` or \
                 by `stdin`"
            ),
            Self::InTitle(name) => write!(f, "the secret `{name}` may not be in a title"),
            Self::Nul => f.write_str("no NUL characters"),
        }
    }
}

impl Element {
    /// The text; `None` if it has parameters.
    pub(super) fn constant(&self) -> Option<&str> {
        match &*self.0 {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Indices of the parameters in it.
    pub(super) fn params(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Param(index) => Some(*index),
            Piece::Text(_) => None,
        })
    }

    /// Parses a text.
    pub(super) fn new(text: &str, params: &[Param]) -> Result<Self, TemplateError> {
        if text.contains('\0') {
            return Err(TemplateError::Nul);
        }
        let brace = || TemplateError::Brace(text.to_owned());
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace_itself, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace_itself) {
                literal.push_str(brace_itself);
                rest = after;
                continue;
            }
            if brace_itself == "}" {
                return Err(brace());
            }
            let (name, after) = after.split_once('}').ok_or_else(brace)?;
            let index = params.iter().position(|param| param.name == name);
            let index = index.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Param(index));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        let element = Self(pieces);
        element.check(params)?;
        Ok(element)
    }

    fn check(&self, params: &[Param]) -> Result<(), TemplateError> {
        for piece in &self.0 {
            let Piece::Param(index) = piece else { continue };
            let param = &params[*index];
            match &param.param_type {
                ParamType::Boolean { flag: None } => {
                    return Err(TemplateError::NoFlag(param.name.clone()));
                }
                ParamType::Boolean { .. } | ParamType::List { .. } if self.0.len() > 1 => {
                    return Err(TemplateError::Amid(param.name.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds what it stands for; `values` has one value per parameter.
    pub(super) fn expand(&self, params: &[Param], values: &[ParamValue], argv: &mut Vec<String>) {
        if let [Piece::Param(index)] = &*self.0 {
            match (&values[*index], &params[*index].param_type) {
                (ParamValue::List(items), _) => return argv.extend(items.iter().cloned()),
                (ParamValue::Yes, ParamType::Boolean { flag: Some(flag) }) => {
                    return argv.push(flag.clone());
                }
                _ => {}
            }
        }
        let text = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Param(index) => values[*index].as_text(),
        });
        argv.push(text.collect());
    }

    /// Parameter whose value turns the argument into an undeclared option, if any. Elements that
    /// begin with constant text are as the operator wrote them.
    pub(super) fn culprit(&self, params: &[Param]) -> Option<usize> {
        let before_text = self.0.iter().map_while(|piece| match piece {
            Piece::Param(index) => Some(*index),
            Piece::Text(_) => None,
        });
        let mut own = before_text.filter(|index| {
            let param = &params[*index];
            !param.allow_leading_dash && !param.param_type.is_declared()
        });
        own.next()
    }
}
