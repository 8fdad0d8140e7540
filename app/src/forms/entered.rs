//! What was entered into a form, however the browser sends it: with files, those are uploads then.

use axum::{
    extract::{Form, FromRequest as _, Request},
    http::{StatusCode, header},
};
use milepost::{
    engine::Caller,
    http::{
        BodyCheck,
        uploads::{self, FormError, FormFile, Part, pieces},
    },
    task::{FieldError, Problem},
};

use crate::serve::Site;

/// What was entered.
pub(super) type Entered = Vec<(String, String)>;

/// Reads a form. A problem comes with what was entered until then.
pub(super) async fn read(site: &Site, request: Request) -> Result<Entered, (Entered, Problem)> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let check = request.extensions().get::<BodyCheck>().cloned();
    let read = match uploads::Form::boundary(media) {
        Some(boundary) => read_with_files(site, request, boundary).await,
        None => match Form::<Entered>::from_request(request, &()).await {
            Ok(Form(entered)) => Ok(entered),
            Err(rejection) => Err((Entered::new(), unread(rejection.status()))),
        },
    };
    // The body knows better than its reader what was wrong with it.
    read.map_err(|(entered, problem)| {
        let known = check.and_then(|check| check.problem());
        (entered, known.map_or(problem, go_back))
    })
}

async fn read_with_files(
    site: &Site,
    request: Request,
    boundary: String,
) -> Result<Entered, (Entered, Problem)> {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    // What is not encoded needs a third of the room.
    let mut form =
        uploads::Form::new(pieces(request.into_body()), boundary, site.max_body_bytes / 3);
    let mut entered = Entered::new();
    loop {
        match form.next().await {
            Ok(None) => return Ok(entered),
            Ok(Some(Part::Text(field, text))) => entered.push((field, text)),
            // Where no file was chosen, a browser sends one without a name and without bytes.
            Ok(Some(Part::File(file))) if file.name.is_empty() => {}
            Ok(Some(Part::File(file))) => match upload(site, &caller, *file).await {
                Ok(field_and_id) => entered.push(field_and_id),
                Err(problem) => return Err((entered, problem)),
            },
            Err(FormError::TooLarge { max }) => return Err((entered, too_long(max))),
            Err(_) => return Err((entered, unread(StatusCode::BAD_REQUEST))),
        }
    }
}

async fn upload(site: &Site, caller: &Caller, file: FormFile) -> Result<(String, String), Problem> {
    let (field, name, media) = (file.field.clone(), file.name.clone(), file.media_type.clone());
    let length = None;
    match site.service.upload(caller, &name, media.as_deref(), length, file.bytes()).await {
        Ok(upload) => Ok((field, upload.id.to_string())),
        Err(error) => {
            let mut problem = Problem::from(error);
            let detail = problem.detail.clone();
            problem.errors.push(FieldError { field, detail });
            Err(problem)
        }
    }
}

/// What was entered is still in the browser.
fn go_back(mut problem: Problem) -> Problem {
    problem.detail.push_str(match problem.status {
        413 => ". Go back in your browser to find it again, and shorten it.",
        _ => ". Go back in your browser to find it again, and send it anew.",
    });
    problem
}

/// The texts beside the files have a limit of their own.
fn too_long(max: usize) -> Problem {
    let detail = format!("{} (http.max_body_bytes)", FormError::TooLarge { max });
    go_back(Problem::new(413, "Content Too Large", detail))
}

/// Why a form could not be read.
fn unread(status: StatusCode) -> Problem {
    let title = status.canonical_reason().unwrap_or("Error");
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The text is too long. Go back in your browser to find it again, and \
             shorten it."
        }
        _ => "The form could not be read.",
    };
    Problem::new(status.as_u16(), title, detail)
}
