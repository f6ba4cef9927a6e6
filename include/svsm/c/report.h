// svsm/c/report.h: attestation reports (svsm/snp/report.h).
//
//   svsm_report report;
//   if (svsm_ok(svsm_report_parse(bytes, SVSM_REPORT_SIZE, &report))) use(report.measurement);
//
// Who made a parsed report is not known: its signature is not checked.
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
#ifndef SVSM_C_REPORT_H_
#define SVSM_C_REPORT_H_

#include <stddef.h>
#include <stdint.h>

#include "svsm/c/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SVSM_REPORT_SIZE 1184
#define SVSM_REPORT_DATA_SIZE 64
#define SVSM_MEASUREMENT_SIZE 48
#define SVSM_HOST_VMPL 0xFFFFFFFFu  // a report that the host asked for

// Numbers are the machine's; a TCB is the eight bytes of the report.
typedef struct svsm_report {
  uint32_t version;
  uint32_t guest_svn;
  uint64_t policy;
  uint64_t platform_info;
  uint32_t vmpl;
  uint32_t is_signed;  // 0: there is no signature to check
  uint8_t family_id[16];
  uint8_t image_id[16];
  uint8_t report_data[SVSM_REPORT_DATA_SIZE];
  uint8_t measurement[SVSM_MEASUREMENT_SIZE];
  uint8_t host_data[32];
  uint8_t id_key_digest[48];
  uint8_t author_key_digest[48];
  uint8_t report_id[32];
  uint8_t chip_id[64];
  uint8_t current_tcb[8];
  uint8_t reported_tcb[8];
  uint8_t committed_tcb[8];
  uint8_t launch_tcb[8];
} svsm_report;

// Parses exactly SVSM_REPORT_SIZE bytes. `report` is zero after a failure. Errors: those of
// snp::DecodeReport(): SVSM_TRUNCATED, SVSM_UNSUPPORTED, SVSM_MALFORMED.
svsm_status svsm_report_parse(const uint8_t* bytes, size_t size, svsm_report* report);

// What the SVSM attestation protocol puts into REPORT_DATA: SHA-512(nonce || manifest). Errors:
// none but those of the hash.
svsm_status svsm_service_report_data(const uint8_t nonce[64], const uint8_t* manifest,
                                     size_t manifest_size, uint8_t out[SVSM_REPORT_DATA_SIZE]);

#ifdef __cplusplus
}
#endif

#endif  // SVSM_C_REPORT_H_
