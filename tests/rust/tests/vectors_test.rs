//! The published vectors through the C functions.
use svsm_c::{add_normal_page, ffi::Session, service_report_data, Outcome, Vmpck, PAGE};

#[rustfmt::skip]
mod vectors;

fn page_of(bytes: &[u8]) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    page[..bytes.len()].copy_from_slice(bytes);
    page
}

#[test]
fn launch_digest() {
    let mut last = [0; PAGE];
    last[PAGE - 16..].copy_from_slice(b"LGTMLGTMLGTMLGTM");
    let mut digest = [0; 48];
    add_normal_page(&mut digest, 0, &page_of(b"LGTMLGTMLGTMLGTM")).unwrap();
    add_normal_page(&mut digest, 0x1000, &[0; PAGE]).unwrap();
    assert_eq!(
        add_normal_page(&mut digest, 1, &[0; PAGE])
            .unwrap_err()
            .code,
        1
    );
    add_normal_page(&mut digest, 0x2000, &last).unwrap();
    assert_eq!(digest, vectors::LAUNCH_DIGEST);
}

#[test]
fn report_data() {
    let data = service_report_data(&vectors::NONCE, &vectors::MANIFEST).unwrap();
    assert_eq!(data, vectors::SERVICE_REPORT_DATA);
}

#[test]
fn guest_messages() {
    let mut session = Box::new(Session { storage: [0; 2048] });
    let mut key = vectors::VMPCK;
    let mut vmpck = Vmpck::open(&mut session, 0, &mut key, 0);
    assert_eq!(key, [0; 32]);
    let request = vmpck.request_report(&vectors::REPORT_DATA, 0).unwrap();
    assert_eq!(request, &page_of(&vectors::REQUEST));
    let outcome = Outcome {
        firmware_error: 0,
        vmm_error: 2,
        certificate_pages_needed: 0,
    };
    assert_eq!(vmpck.finish(outcome, &[0; PAGE]), Ok(None));
    let outcome = Outcome {
        vmm_error: 0,
        ..outcome
    };
    let payload = vmpck
        .finish(outcome, &page_of(&vectors::RESPONSE))
        .unwrap()
        .unwrap();
    assert_eq!(payload, &vectors::RESPONSE_PAYLOAD);
}

#[test]
fn a_forged_response_closes_the_session() {
    let mut session = Box::new(Session { storage: [0; 2048] });
    let mut key = vectors::VMPCK;
    let mut vmpck = Vmpck::open(&mut session, 0, &mut key, 0);
    vmpck.request_report(&vectors::REPORT_DATA, 0).unwrap();
    let outcome = Outcome {
        firmware_error: 0,
        vmm_error: 0,
        certificate_pages_needed: 0,
    };
    let mut forged = page_of(&vectors::RESPONSE);
    forged[0x60] ^= 1;
    assert_eq!(vmpck.finish(outcome, &forged).unwrap_err().code, 8);
    assert_eq!(
        vmpck
            .request_report(&vectors::REPORT_DATA, 0)
            .unwrap_err()
            .code,
        11
    );
}
