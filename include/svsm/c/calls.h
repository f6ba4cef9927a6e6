// svsm/c/calls.h: calls to an SVSM, as a guest spells them (svsm/protocol/).
//
//   size_t size;
//   svsm_vtpm_encode_request(command, command_size, page, sizeof(page), &size);
//   result = call(2ull << 32 | 1, page_gpa);              // RAX, RCX
//   status = svsm_result_status(result);
//   svsm_vtpm_decode_response(page, sizeof(page), &response, &response_size);
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
#ifndef SVSM_C_CALLS_H_
#define SVSM_C_CALLS_H_

#include <stddef.h>
#include <stdint.h>

#include "svsm/c/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// Offsets in the calling area, and where the guest's own bytes begin.
#define SVSM_CALL_PENDING_OFFSET 0
#define SVSM_MEM_AVAILABLE_OFFSET 1
#define SVSM_CALL_BUFFER_OFFSET 8

// Protocols, RAX[63:32].
#define SVSM_CORE_PROTOCOL 0
#define SVSM_ATTESTATION_PROTOCOL 1
#define SVSM_VTPM_PROTOCOL 2

#define SVSM_VTPM_BUFFER_SIZE 4096
#define SVSM_MAX_SERVICES 32

// RAX after a call, as protocol::StatusOf() says it: SVSM_BUSY and SVSM_EXHAUSTED (INCOMPLETE) ask
// for the same call again, SVSM_OUT_OF_MEMORY for memory first. detail = the result code.
svsm_status svsm_result_status(uint32_t result_code);

enum svsm_pvalidate_flags {
  SVSM_PVALIDATE_2M = 1,
  SVSM_PVALIDATE_VALID = 4,
  SVSM_PVALIDATE_IGNORE_UNCHANGED = 8,
  SVSM_PVALIDATE_SPLIT = 16  // version 2 of the core protocol
};
// Writes a list {u16 entries, u16 next, u32 0, u64 entries[]} of `count` addresses with the same
// flags, and gives its size. Errors: SVSM_INVALID_ARGUMENT (no entry or more than 511, an address
// that is not aligned to its size, or an unknown flag; detail = index), SVSM_BUFFER_TOO_SMALL
// (detail = bytes needed); `out` is then as it was.
svsm_status svsm_pvalidate_list(const uint64_t* gpas, size_t count, uint32_t flags, uint8_t* out,
                                size_t out_size, size_t* size);

// Errors: those of protocol::EncodeTpmRequest(): SVSM_INVALID_ARGUMENT (a command above 4087
// bytes), SVSM_BUFFER_TOO_SMALL (below SVSM_VTPM_BUFFER_SIZE).
svsm_status svsm_vtpm_encode_request(const uint8_t* command, size_t command_size, uint8_t* buffer,
                                     size_t buffer_size, size_t* size);
// The response in `buffer`, as a pointer into it. Errors: those of protocol::DecodeTpmResponse():
// SVSM_TRUNCATED, SVSM_MALFORMED; `response` is null then.
svsm_status svsm_vtpm_decode_response(const uint8_t* buffer, size_t buffer_size,
                                      const uint8_t** response, size_t* response_size);

// A service and its manifest, which points into what was parsed.
typedef struct svsm_service {
  uint8_t guid[16];  // in the order in which a GUID is written
  const uint8_t* manifest;
  size_t manifest_size;
} svsm_service;

// Reads a services manifest, strictly. Errors: those of protocol::ParseServicesManifest():
// SVSM_TRUNCATED, SVSM_MALFORMED (detail = offset), and SVSM_OUT_OF_MEMORY (detail = services;
// more than `max_services` or SVSM_MAX_SERVICES); `count` is 0 then.
svsm_status svsm_services_manifest_parse(const uint8_t* bytes, size_t size, svsm_service* services,
                                         size_t max_services, size_t* count);

#ifdef __cplusplus
}
#endif

#endif  // SVSM_C_CALLS_H_
