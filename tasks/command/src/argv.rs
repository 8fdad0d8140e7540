//! Builds the arguments of a process from the declared command line and the values of a start. No
//! shell is involved: each element is one argument, whatever it contains.

use super::{
    element::{Element, TemplateError},
    params::Param,
    stdin::Stdin,
    value::ParamValue,
};

/// Command line with placeholders for parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

/// Elements that are present or omitted together.
#[derive(Clone, Debug, PartialEq)]
struct Part(Vec<Element>);

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
    ) -> Result<Self, TemplateError> {
        let read = |group: &Vec<String>| {
            let elements = group.iter().map(|text| Element::new(text, params));
            elements.collect::<Result<_, _>>().map(Part)
        };
        let template = Self { parts: groups.iter().map(read).collect::<Result<_, _>>()? };
        if template.constant_program().is_none() {
            return Err(TemplateError::Program);
        }
        for (index, param) in params.iter().enumerate() {
            let used = template.parts.iter().flat_map(Part::params).any(|param| param == index);
            let elsewhere = param.env.is_some() || stdin.is_some_and(|stdin| stdin.uses(index));
            match (used, param.secret, elsewhere) {
                (true, true, _) => return Err(TemplateError::Secret(param.name.clone())),
                (false, _, false) => return Err(TemplateError::Unused(param.name.clone())),
                _ => {}
            }
        }
        Ok(template)
    }

    /// The first element, unless it has parameters.
    fn constant_program(&self) -> Option<&str> {
        self.parts.first().and_then(|part| part.0.first())?.constant()
    }

    /// Name or path of the program.
    pub fn program(&self) -> &str {
        self.constant_program().unwrap_or_default()
    }

    /// Builds the arguments from values, one per parameter.
    ///
    /// # Errors
    /// The index of the parameter whose value would be interpreted as an option.
    pub fn expand(&self, params: &[Param], values: &[ParamValue]) -> Result<Vec<String>, usize> {
        let mut argv = Vec::new();
        let mut options_ended = false;
        for part in &self.parts {
            let missing =
                part.params().any(|index| values.get(index).is_none_or(|value| value.is_absent()));
            if missing {
                continue;
            }
            for element in &part.0 {
                let from = argv.len();
                element.expand(params, values, &mut argv);
                if !options_ended
                    && argv[from..].iter().any(|argument| argument.starts_with('-'))
                    && let Some(index) = element.culprit(params)
                {
                    return Err(index);
                }
                options_ended = options_ended || element.constant() == Some("--");
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

#[cfg(test)]
#[path = "argv_tests.rs"]
pub(super) mod tests;
