//! Builds the arguments of a process from the declared command line and the values of a start. No
//! shell is involved: each element is one argument, whatever it contains.

use std::fmt;

use super::{
    definition::{Param, ParamType},
    stdin::Stdin,
    values::Given,
};

/// Command line with placeholders for parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

/// Elements that are present or omitted together.
#[derive(Clone, Debug, PartialEq)]
struct Part(Vec<Element>);

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
pub enum Unfit {
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
    /// NUL character.
    Nul,
}

impl fmt::Display for Unfit {
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
            Self::Nul => f.write_str("no NUL characters"),
        }
    }
}

impl Template {
    /// Parses the declared elements; a group is a list of elements that are omitted together.
    /// `stdin` may use parameters, too.
    ///
    /// # Errors
    /// Describes the first fault.
    pub fn new(
        groups: &[Vec<String>],
        params: &[Param],
        stdin: Option<&Stdin>,
    ) -> Result<Self, Unfit> {
        let read = |group: &Vec<String>| {
            let elements = group.iter().map(|text| Element::new(text, params));
            elements.collect::<Result<_, _>>().map(Part)
        };
        let template = Self { parts: groups.iter().map(read).collect::<Result<_, _>>()? };
        let first = template.parts.first().and_then(|part| part.0.first());
        match first.map(|element| element.0.as_slice()) {
            Some([Piece::Text(_)]) => {}
            _ => return Err(Unfit::Program),
        }
        for (index, param) in params.iter().enumerate() {
            let used = template.pieces().any(|piece| *piece == Piece::Param(index));
            let elsewhere = param.env.is_some() || stdin.is_some_and(|stdin| stdin.uses(index));
            match (used, param.secret, elsewhere) {
                (true, true, _) => return Err(Unfit::Secret(param.name.clone())),
                (false, _, false) => return Err(Unfit::Unused(param.name.clone())),
                _ => {}
            }
        }
        Ok(template)
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.parts.iter().flat_map(|part| &part.0).flat_map(|element| &element.0)
    }

    /// Name or path of the program.
    pub fn program(&self) -> &str {
        match self.parts.first().and_then(|part| part.0.first()).map(|element| &*element.0) {
            Some([Piece::Text(text)]) => text,
            _ => "",
        }
    }

    /// Builds the arguments from values, one per parameter.
    ///
    /// # Errors
    /// The index of the parameter whose value would be interpreted as an option.
    pub fn expand(&self, params: &[Param], values: &[Given]) -> Result<Vec<String>, usize> {
        let mut argv = Vec::new();
        let mut guarded = false;
        for part in &self.parts {
            let missing =
                part.params().any(|index| values.get(index).is_none_or(|value| value.is_absent()));
            if missing {
                continue;
            }
            for element in &part.0 {
                let from = argv.len();
                element.expand(params, values, &mut argv);
                if !guarded
                    && argv[from..].iter().any(|argument| argument.starts_with('-'))
                    && let Some(index) = element.culprit(params)
                {
                    return Err(index);
                }
                guarded = guarded || element.is_guard();
            }
        }
        Ok(argv)
    }
}

impl Part {
    fn params(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(Element::params)
    }
}

impl Element {
    /// Indices of the parameters in it.
    pub(super) fn params(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Param(index) => Some(*index),
            Piece::Text(_) => None,
        })
    }

    /// Parses a text.
    pub(super) fn new(text: &str, params: &[Param]) -> Result<Self, Unfit> {
        if text.contains('\0') {
            return Err(Unfit::Nul);
        }
        let brace = || Unfit::Brace(text.to_owned());
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
            let index = index.ok_or_else(|| Unfit::Unknown(name.to_owned()))?;
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

    fn check(&self, params: &[Param]) -> Result<(), Unfit> {
        for piece in &self.0 {
            let Piece::Param(index) = piece else { continue };
            let param = &params[*index];
            match &param.sort {
                ParamType::Boolean { flag: None } => return Err(Unfit::NoFlag(param.name.clone())),
                ParamType::Boolean { .. } | ParamType::List { .. } if self.0.len() > 1 => {
                    return Err(Unfit::Amid(param.name.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds what it stands for; `values` has one value per parameter.
    pub(super) fn expand(&self, params: &[Param], values: &[Given], argv: &mut Vec<String>) {
        if let [Piece::Param(index)] = &*self.0 {
            match (&values[*index], &params[*index].sort) {
                (Given::List(items), _) => return argv.extend(items.iter().cloned()),
                (Given::Yes, ParamType::Boolean { flag: Some(flag) }) => {
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
    fn culprit(&self, params: &[Param]) -> Option<usize> {
        let before_text = self.0.iter().map_while(|piece| match piece {
            Piece::Param(index) => Some(*index),
            Piece::Text(_) => None,
        });
        let mut own = before_text.filter(|index| {
            let param = &params[*index];
            !param.allow_leading_dash && !param.sort.is_declared()
        });
        own.next()
    }

    /// Whether this is `--`, after which nothing is an option.
    fn is_guard(&self) -> bool {
        matches!(&*self.0, [Piece::Text(text)] if text == "--")
    }
}

impl ParamType {
    /// Whether the operator wrote all possible values.
    const fn is_declared(&self) -> bool {
        match self {
            // Paths of files are absolute.
            Self::Choice(_) | Self::Boolean { .. } | Self::File => true,
            Self::List { choices, .. } => !choices.is_empty(),
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "argv_tests.rs"]
pub(super) mod tests;
