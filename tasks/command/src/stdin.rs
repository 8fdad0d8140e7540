//! What a command reads from its standard input.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    element::{Element, TemplateError},
    params::{Param, ParamType},
    value::ParamValue,
};

/// Declared standard input of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Stdin(Source);

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Text(Element),
    File(PathBuf),
    /// Index of a parameter of the type `file`.
    Upload(usize),
}

/// Standard input of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Input {
    /// It ends at once.
    #[default]
    Closed,
    /// This text.
    Text(String),
    /// The content of this file.
    File(PathBuf),
}

impl Stdin {
    /// A text with parameters, such as `{text}`. A list is one line per item.
    ///
    /// # Errors
    /// Describes the first fault.
    pub fn text(text: &str, params: &[Param]) -> Result<Self, TemplateError> {
        Element::new(text, params).map(|element| Self(Source::Text(element)))
    }

    /// The content of a file: a parameter of the type `file`, such as `{data}`, or a path.
    ///
    /// # Errors
    /// If there is no such parameter.
    pub fn file(path: &str, params: &[Param]) -> Result<Self, TemplateError> {
        let name = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name else { return Ok(Self(Source::File(path.into()))) };
        let index = params.iter().position(|param| param.name == name);
        let index = index.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
        match params.get(index).map(|param| &param.param_type) {
            Some(ParamType::File) => Ok(Self(Source::Upload(index))),
            _ => Err(TemplateError::NoFile(name.to_owned())),
        }
    }

    /// Whether a parameter is used here.
    pub(super) fn uses(&self, index: usize) -> bool {
        match &self.0 {
            Source::Text(element) => element.params().any(|param| param == index),
            Source::Upload(param) => *param == index,
            Source::File(_) => false,
        }
    }

    /// The input of a run; closed if a parameter is absent. `values` has one value per parameter.
    pub(super) fn input(&self, params: &[Param], values: &[ParamValue]) -> Input {
        match &self.0 {
            Source::File(path) => Input::File(path.clone()),
            Source::Upload(index) => match values.get(*index) {
                Some(ParamValue::Text(path)) => Input::File(path.into()),
                _ => Input::Closed,
            },
            Source::Text(element) => {
                let absent = |index| values.get(index).is_none_or(ParamValue::is_absent);
                if element.params().any(absent) {
                    return Input::Closed;
                }
                let mut pieces = Vec::new();
                element.expand(params, values, &mut pieces);
                let list =
                    element.params().any(|index| matches!(values[index], ParamValue::List(_)));
                let end = if list { "\n" } else { "" };
                Input::Text(pieces.into_iter().map(|piece| piece + end).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argv::tests::{list, param, text};

    #[test]
    fn a_text_is_filled_in_and_a_list_has_a_line_per_item() {
        let params = [param("a", text()), param("b", list())];
        let values =
            [ParamValue::Text("x\ny".to_owned()), ParamValue::List(vec!["1".into(), "2".into()])];
        let input = |text: &str, values: &[ParamValue]| {
            Stdin::text(text, &params).expect(text).input(&params, values)
        };
        assert_eq!(input("<{a}>\n", &values), Input::Text("<x\ny>\n".to_owned()));
        assert_eq!(input("{b}", &values), Input::Text("1\n2\n".to_owned()));
        assert_eq!(input("{{}}", &values), Input::Text("{}".to_owned()));
        assert_eq!(input("", &values), Input::Text(String::new()));
        assert_eq!(input("{a}", &[ParamValue::Absent, ParamValue::Absent]), Input::Closed);
        assert_eq!(Stdin::text("{c}", &params), Err(TemplateError::Unknown("c".to_owned())));
        assert_eq!(Stdin::text("x{b}", &params), Err(TemplateError::Amid("b".to_owned())));
    }

    #[test]
    fn a_file_is_an_upload_or_a_path() {
        let params = [param("a", text()), param("f", ParamType::File)];
        let values = [ParamValue::Absent, ParamValue::Text("/runs/1/inputs/f/x".to_owned())];
        let upload = Stdin::file("{f}", &params).expect("a file");
        assert_eq!(upload.input(&params, &values), Input::File("/runs/1/inputs/f/x".into()));
        assert_eq!(upload.input(&params, &[ParamValue::Absent, ParamValue::Absent]), Input::Closed);
        assert!(upload.uses(1) && !upload.uses(0));
        let path = Stdin::file("/etc/list", &params).expect("a path");
        assert_eq!(path.input(&params, &values), Input::File("/etc/list".into()));
        assert_eq!(Stdin::file("{a}", &params), Err(TemplateError::NoFile("a".to_owned())));
        assert_eq!(Stdin::file("{x}", &params), Err(TemplateError::Unknown("x".to_owned())));
    }
}
