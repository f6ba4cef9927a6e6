// svsm/c/guest_message.h: encrypted messages to the AMD-SP and back, under one VMPCK
// (svsm/snp/guest_message_exchange.h, whose rules hold here).
//
//   static svsm_vmpck_session session;
//   svsm_vmpck_open(&session, 0, key, messages_used, UINT32_MAX);
//   svsm_report_request(report_data, 0, payload);
//   svsm_vmpck_begin(&session, SVSM_MESSAGE_REPORT_REQUEST, 1, payload, sizeof(payload));
//   do {
//     outcome = send(svsm_vmpck_request(&session), svsm_vmpck_response(&session));
//     status = svsm_vmpck_step(&session, &outcome, 0, &step);
//   } while (svsm_ok(status) && step != SVSM_STEP_DONE);
//   svsm_report_response(svsm_vmpck_payload(&session, &size), size, report);
//   svsm_vmpck_close(&session);
//
// A sequence number is used for one plaintext only: a session that does not know what became of a
// request wipes its key and is closed.
//
// Profile: freestanding. Allocates: never. Threads: one session, one thread at a time.
#ifndef SVSM_C_GUEST_MESSAGE_H_
#define SVSM_C_GUEST_MESSAGE_H_

#include <stddef.h>
#include <stdint.h>

#include "svsm/c/report.h"
#include "svsm/c/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SVSM_VMPCK_SIZE 32
#define SVSM_MESSAGE_PAGE_SIZE 4096
#define SVSM_REPORT_REQUEST_SIZE 96
#define SVSM_VMPCK_SESSION_SIZE 16384

#define SVSM_MESSAGE_KEY_REQUEST 3
#define SVSM_MESSAGE_REPORT_REQUEST 5
#define SVSM_MESSAGE_TSC_INFO_REQUEST 17

// Holds a key. Put it into static memory: it may not be copied or moved while it is open.
typedef struct svsm_vmpck_session {
  uint64_t storage[SVSM_VMPCK_SESSION_SIZE / 8];
} svsm_vmpck_session;

// What the host said (SW_EXITINFO2, and RBX with the upper half 1).
typedef struct svsm_request_outcome {
  uint32_t firmware_error;
  uint32_t vmm_error;
  uint64_t certificate_pages_needed;
} svsm_request_outcome;

enum svsm_step {
  SVSM_STEP_DONE = 0,         // svsm_vmpck_payload() is the authentic response
  SVSM_STEP_BUSY = 1,         // send the request again later
  SVSM_STEP_RESEND_PLAIN = 2  // send it again now, without certificate pages
};

// Begins a session in `session`, whatever was in there. Takes the key, wiping `key`.
// `last_sequence_number` is the highest number that may be used. Every other function wants a
// session that was opened; svsm_vmpck_close() ends it.
void svsm_vmpck_open(svsm_vmpck_session* session, uint8_t vmpck, uint8_t key[SVSM_VMPCK_SIZE],
                     uint64_t messages_used, uint64_t last_sequence_number);

// Errors: those of GuestMessageExchange::Begin(): SVSM_INVALID_ARGUMENT, SVSM_BUSY, SVSM_EXHAUSTED,
// SVSM_FAILED_PRECONDITION.
svsm_status svsm_vmpck_begin(svsm_vmpck_session* session, uint8_t type, uint8_t version,
                             const uint8_t* payload, size_t size);
// The page to send, and where the response page goes before svsm_vmpck_step().
const uint8_t* svsm_vmpck_request(const svsm_vmpck_session* session);
uint8_t* svsm_vmpck_response(svsm_vmpck_session* session);
// `with_certificates`: whether certificate pages were offered. `step` is an enum svsm_step. Errors:
// those of GuestMessageExchange::Step(), after which the session is closed: SVSM_PERMISSION_DENIED,
// SVSM_IO_ERROR, SVSM_MALFORMED, SVSM_AUTH_FAILED, SVSM_FAILED_PRECONDITION.
svsm_status svsm_vmpck_step(svsm_vmpck_session* session, const svsm_request_outcome* outcome,
                            int with_certificates, uint32_t* step);
// The plaintext of the response after SVSM_STEP_DONE, until the next begin.
const uint8_t* svsm_vmpck_payload(const svsm_vmpck_session* session, size_t* size);
uint64_t svsm_vmpck_messages_used(const svsm_vmpck_session* session);
// Gives key and counter back, for a successor, and closes the session. Errors: SVSM_BUSY,
// SVSM_FAILED_PRECONDITION (closed); `key` is zero then.
svsm_status svsm_vmpck_release(svsm_vmpck_session* session, uint8_t key[SVSM_VMPCK_SIZE],
                               uint64_t* messages_used);
// Wipes the key and all plaintext.
void svsm_vmpck_close(svsm_vmpck_session* session);

// The payload of a report request for a VMPL of 0 to 3, whichever key signs.
void svsm_report_request(const uint8_t report_data[SVSM_REPORT_DATA_SIZE], uint32_t vmpl,
                         uint8_t out[SVSM_REPORT_REQUEST_SIZE]);
// The report in the payload of a response. Errors: SVSM_INVALID_ARGUMENT (detail = the firmware's
// status: it refused), SVSM_MALFORMED (detail = offset); `report` is zero then.
svsm_status svsm_report_response(const uint8_t* payload, size_t size,
                                 uint8_t report[SVSM_REPORT_SIZE]);

#ifdef __cplusplus
}
#endif

#endif  // SVSM_C_GUEST_MESSAGE_H_
