//! What was entered into a form, however the browser sends it: with files, those are uploads then.

use axum::{
    body::HttpBody as _,
    extract::{Form, FromRequest as _, Request},
    http::{StatusCode, header},
};
use futures_util::StreamExt as _;
use milepost::{
    engine::Caller,
    http::uploads::{self, FormFile, Part, pieces},
    task::{FieldError, Problem},
};

use crate::serve::Site;

/// What was entered.
pub(super) type Entered = Vec<(String, String)>;

/// Bytes of a refused form that are read and thrown away: most browsers show the answer only to who
/// was allowed to say everything.
const MOST_THROWN_AWAY: u64 = 256 << 20;

/// Reads a form. A problem comes with what was entered until then.
pub(super) async fn read(site: &Site, request: Request) -> Result<Entered, (Entered, Problem)> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    match uploads::Form::boundary(media) {
        Some(boundary) => read_with_files(site, request, boundary).await,
        None => match Form::<Entered>::from_request(request, &()).await {
            Ok(Form(entered)) => Ok(entered),
            Err(rejection) => Err((Entered::new(), unread(rejection.status()))),
        },
    }
}

async fn read_with_files(
    site: &Site,
    request: Request,
    boundary: String,
) -> Result<Entered, (Entered, Problem)> {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let announced = request.body().size_hint().exact();
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
                Err(problem) => {
                    if announced.is_none_or(|bytes| bytes <= MOST_THROWN_AWAY) {
                        throw_away(form).await;
                    }
                    return Err((entered, problem));
                }
            },
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

/// Reads what is left of a form, up to a limit.
async fn throw_away(mut form: uploads::Form) {
    let mut left = MOST_THROWN_AWAY;
    while let Ok(Some(part)) = form.next().await {
        let Part::File(file) = part else { continue };
        let mut bytes = std::pin::pin!(file.bytes());
        while let Some(Ok(piece)) = bytes.next().await {
            left = left.saturating_sub(piece.len() as u64);
            if left == 0 {
                return;
            }
        }
    }
}

/// Why a form could not be read.
fn unread(status: StatusCode) -> Problem {
    let title = status.canonical_reason().unwrap_or("Error");
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The text is too long for this server. Go back in your browser to find it again, and \
             shorten it."
        }
        _ => "The form could not be read.",
    };
    Problem::new(status.as_u16(), title, detail)
}
