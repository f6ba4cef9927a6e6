//! The C functions of svsm for firmware in Rust: declarations as in include/svsm/c/, and a few
//! safe functions over them. Needs no std and no other crate.
#![no_std]

pub mod ffi {
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Status {
        pub code: u8,
        pub source: u8,
        pub reserved: u16,
        pub detail: u32,
    }

    #[repr(C)]
    pub struct Session {
        pub storage: [u64; 2048],
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Outcome {
        pub firmware_error: u32,
        pub vmm_error: u32,
        pub certificate_pages_needed: u64,
    }

    extern "C" {
        pub fn svsm_launch_digest_add(
            digest: *mut u8,
            page_type: u32,
            gpa: u64,
            contents: *const u8,
        ) -> Status;
        pub fn svsm_service_report_data(
            nonce: *const u8,
            manifest: *const u8,
            manifest_size: usize,
            out: *mut u8,
        ) -> Status;
        pub fn svsm_vmpck_open(
            session: *mut Session,
            vmpck: u8,
            key: *mut u8,
            messages_used: u64,
            last: u64,
        );
        pub fn svsm_vmpck_begin(
            session: *mut Session,
            kind: u8,
            version: u8,
            payload: *const u8,
            size: usize,
        ) -> Status;
        pub fn svsm_vmpck_request(session: *const Session) -> *const u8;
        pub fn svsm_vmpck_response(session: *mut Session) -> *mut u8;
        pub fn svsm_vmpck_step(
            session: *mut Session,
            outcome: *const Outcome,
            with_certificates: i32,
            step: *mut u32,
        ) -> Status;
        pub fn svsm_vmpck_payload(session: *const Session, size: *mut usize) -> *const u8;
        pub fn svsm_vmpck_close(session: *mut Session);
        pub fn svsm_report_request(report_data: *const u8, vmpl: u32, out: *mut u8);
    }
}

pub const PAGE: usize = 4096;
pub use ffi::{Outcome, Status};

fn check(status: Status) -> Result<(), Status> {
    if status.code == 0 {
        Ok(())
    } else {
        Err(status)
    }
}

/// Extends a launch digest by a page that is measured with its contents.
pub fn add_normal_page(digest: &mut [u8; 48], gpa: u64, page: &[u8; PAGE]) -> Result<(), Status> {
    // SAFETY: both arrays have the sizes that the function wants, and it keeps neither.
    check(unsafe { ffi::svsm_launch_digest_add(digest.as_mut_ptr(), 1, gpa, page.as_ptr()) })
}

/// SHA-512(nonce || manifest).
pub fn service_report_data(nonce: &[u8; 64], manifest: &[u8]) -> Result<[u8; 64], Status> {
    let mut out = [0; 64];
    // SAFETY: as above; `out` has 64 bytes.
    check(unsafe {
        ffi::svsm_service_report_data(
            nonce.as_ptr(),
            manifest.as_ptr(),
            manifest.len(),
            out.as_mut_ptr(),
        )
    })?;
    Ok(out)
}

/// One VMPCK, in storage that does not move while it is in use.
pub struct Vmpck<'a> {
    session: &'a mut ffi::Session,
}

impl<'a> Vmpck<'a> {
    pub fn open(
        session: &'a mut ffi::Session,
        vmpck: u8,
        key: &mut [u8; 32],
        messages_used: u64,
    ) -> Self {
        // SAFETY: the storage is borrowed for as long as this object lives, so it stays in place.
        unsafe {
            ffi::svsm_vmpck_open(
                session,
                vmpck,
                key.as_mut_ptr(),
                messages_used,
                u32::MAX.into(),
            )
        };
        Self { session }
    }

    /// Seals a request for a report and gives the page to send.
    pub fn request_report(
        &mut self,
        report_data: &[u8; 64],
        vmpl: u32,
    ) -> Result<&[u8; PAGE], Status> {
        let mut payload = [0; 96];
        // SAFETY: sizes as declared; the session is open; the page lives as long as the session.
        unsafe {
            ffi::svsm_report_request(report_data.as_ptr(), vmpl, payload.as_mut_ptr());
            check(ffi::svsm_vmpck_begin(
                self.session,
                5,
                1,
                payload.as_ptr(),
                payload.len(),
            ))?;
            Ok(&*ffi::svsm_vmpck_request(self.session).cast())
        }
    }

    /// Takes the host's outcome and the response page: the payload, or None while the host is busy.
    pub fn finish(
        &mut self,
        outcome: Outcome,
        response: &[u8; PAGE],
    ) -> Result<Option<&[u8]>, Status> {
        let mut step = 1;
        let mut size = 0;
        // SAFETY: the response has a page; the payload lives as long as the session is borrowed.
        unsafe {
            let to = &mut *ffi::svsm_vmpck_response(self.session).cast::<[u8; PAGE]>();
            to.copy_from_slice(response);
            check(ffi::svsm_vmpck_step(self.session, &outcome, 0, &mut step))?;
            if step != 0 {
                return Ok(None);
            }
            let payload = ffi::svsm_vmpck_payload(self.session, &mut size);
            Ok(Some(core::slice::from_raw_parts(payload, size)))
        }
    }
}

impl Drop for Vmpck<'_> {
    fn drop(&mut self) {
        // SAFETY: the session is open.
        unsafe { ffi::svsm_vmpck_close(self.session) }
    }
}
