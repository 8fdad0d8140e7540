//! Reads form values in any encoding that browsers send; files become uploads.

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

use crate::site::Site;

/// Names and values of the fields.
pub(super) type Entered = Vec<(String, String)>;

/// Reads a form. An error includes the values read so far.
pub(super) async fn read(site: &Site, request: Request) -> Result<Entered, (Entered, Problem)> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let check = request.extensions().get::<BodyCheck>().cloned();
    let read = match uploads::Form::boundary(media) {
        Ok(Some(boundary)) => read_with_files(site, request, boundary).await,
        Ok(None) | Err(_) => match Form::<Entered>::from_request(request, &()).await {
            Ok(Form(entered)) => Ok(entered),
            Err(rejection) => Err((Entered::new(), unread(rejection.status()))),
        },
    };
    // The body's own problem is more precise than the reader's.
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
    // Multipart values are not URL-encoded and need a third of the size.
    let mut form =
        uploads::Form::new(pieces(request.into_body()), boundary, site.max_body_bytes / 3);
    let mut entered = Entered::new();
    loop {
        match form.next().await {
            Ok(None) => return Ok(entered),
            Ok(Some(Part::Text(field, text))) => entered.push((field, text)),
            // Without a chosen file, browsers send an empty file without a name.
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
            problem.errors.push(FieldError::new(field, detail));
            Err(problem)
        }
    }
}

/// Adds a hint: the browser still has the entered values.
fn go_back(mut problem: Problem) -> Problem {
    problem.detail.push_str(match problem.status {
        413 => ". Go back in your browser to find it again, and shorten it.",
        _ => ". Go back in your browser to find it again, and send it anew.",
    });
    problem
}

/// Problem of the size limit for texts beside files.
fn too_long(max: usize) -> Problem {
    let detail = format!("{} (http.max_body_bytes)", FormError::TooLarge { max });
    go_back(Problem::new(413, "Content Too Large", detail))
}

/// Problem of an unreadable form.
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
