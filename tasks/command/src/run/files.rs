//! Input and result files of a command.

use std::path::Path;

use milepost::{
    engine::{Context, TaskError},
    task::UploadId,
};
use tokio::{fs, io::AsyncWriteExt as _};

use crate::{
    collect::{self, INPUTS},
    definition::Definition,
    params::Param,
    progress::Mask,
    value::ParamValue,
};

/// Copies uploads into the run's folder and replaces their ids by paths.
pub(super) async fn bring_in(
    ctx: &Context,
    params: &[Param],
    values: &mut [ParamValue],
    folder: &Path,
) -> Result<(), TaskError> {
    for (param, value) in params.iter().zip(values) {
        if let ParamValue::Upload(id) = value {
            // Each in its own folder, because names may collide.
            let path = copy(ctx, *id, &folder.join(INPUTS).join(&param.name)).await?;
            *value = ParamValue::Text(path);
        }
    }
    Ok(())
}

/// Copies an upload into a folder under its name. Returns the path.
async fn copy(ctx: &Context, id: UploadId, folder: &Path) -> Result<String, TaskError> {
    let mut upload = ctx.open_file(id).await?;
    let name = upload.info().name.clone();
    ctx.message(format!("Fetching {name}"));
    let path = folder.join(name);
    let written = async {
        fs::create_dir_all(folder).await?;
        let mut file = fs::File::create_new(&path).await?;
        tokio::io::copy(&mut upload, &mut file).await?;
        file.flush().await
    };
    ctx.until_cancelled(written).await?.map_err(|error| {
        TaskError::retry("folder", format!("the file cannot be put into the run's folder: {error}"))
    })?;
    // Names of uploads and of Milepost's folders are valid text.
    Ok(path.to_string_lossy().into_owned())
}

/// Stores the result files of the command. Returns their names, without secrets.
pub(super) async fn keep_results(
    ctx: &Context,
    definition: &Definition,
    mask: &Mask,
    folder: &Path,
) -> Result<Vec<String>, TaskError> {
    let (patterns, folder, mask) = (definition.results.clone(), folder.to_owned(), mask.clone());
    let unreadable = |error: std::io::Error| {
        TaskError::fail("results", format!("The files that it made cannot be read: {error}"))
    };
    let find = move |_: &Context| collect::find(&folder, &patterns, &mask).map_err(unreadable);
    let mut names = Vec::new();
    for found in ctx.blocking(find).await? {
        ctx.message(format!("Keeping {}", found.name));
        let file = found.open().map_err(unreadable)?;
        names.push(ctx.save_file(&found.name, None, fs::File::from_std(file)).await?.name);
    }
    Ok(names)
}
