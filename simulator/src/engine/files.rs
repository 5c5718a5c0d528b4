//! Files into containers and out of them, as the archives the engine speaks.

use std::io::Cursor;
use std::path::Path;

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use futures_util::StreamExt;

use super::{Engine, EngineError};

impl Engine {
    /// Writes one file into a container, owned by root; its folder must be there.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn upload(
        &self,
        container: &str,
        path: &str,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), EngineError> {
        let what = || format!("writing {path} in {container}");
        let (folder, archive) = archive_of_one(path, bytes, mode)
            .map_err(|source| EngineError::Archive { what: what(), source })?;
        let options = UploadToContainerOptionsBuilder::new().path(&folder).build();
        self.docker
            .upload_to_container(container, Some(options), bollard::body_full(archive.into()))
            .await
            .map_err(EngineError::api(what))
    }

    /// Returns a file or a folder of a container as a tar archive.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers; [`EngineError::is_not_found`] where there is no such path.
    pub async fn download_tar(&self, container: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut stream = self.docker.download_from_container(container, Some(options));
        let mut archive = Vec::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(EngineError::api(|| format!("reading {path} in {container}")))?;
            archive.extend_from_slice(&piece);
        }
        Ok(archive)
    }

    /// Returns the content of one file of a container.
    ///
    /// # Errors
    ///
    /// As [`Engine::download_tar`], and [`EngineError::Archive`] where the path is no file.
    pub async fn download(&self, container: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        let archive = self.download_tar(container, path).await?;
        first_file(&archive)
            .map_err(|source| EngineError::Archive { what: format!("reading {path} in {container}"), source })
    }
}

/// Packs one file; returns the folder to unpack it in, and the archive.
fn archive_of_one(path: &str, bytes: &[u8], mode: u32) -> std::io::Result<(String, Vec<u8>)> {
    let path = Path::new(path);
    let (Some(folder), Some(name)) = (path.parent().and_then(Path::to_str), path.file_name()) else {
        return Err(std::io::Error::other("no absolute path of a file"));
    };
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_entry_type(tar::EntryType::Regular);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, name, bytes)?;
    Ok((folder.to_owned(), builder.into_inner()?))
}

/// Unpacks the first regular file of an archive.
fn first_file(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    for entry in tar::Archive::new(Cursor::new(archive)).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes)?;
            return Ok(bytes);
        }
    }
    Err(std::io::Error::other("no file in the archive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_survives_its_archive() {
        let (folder, archive) = archive_of_one("/root/.ssh/keys", b"content", 0o600).unwrap();
        assert_eq!(folder, "/root/.ssh");
        assert_eq!(first_file(&archive).unwrap(), b"content");
    }

    #[test]
    fn a_folder_is_no_file() {
        assert!(archive_of_one("/", b"", 0o600).is_err());
        assert!(first_file(&tar::Builder::new(Vec::new()).into_inner().unwrap()).is_err());
    }
}
