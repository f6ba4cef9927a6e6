/* The C functions from plain C99, over the published vectors.
 * Covers: svsm/c/calls.h svsm/c/guest_message.h svsm/c/launch_digest.h svsm/c/report.h
 * Covers: svsm/c/status.h */
#include "svsm/c/calls.h"
#include "svsm/c/guest_message.h"
#include "svsm/c/launch_digest.h"
#include "svsm/c/report.h"
#include "svsm/c/status.h"
#include "tests/c/expect.h"
#include "tests/c/vectors.inc"

static void TestReport(void) {
  uint8_t bytes[SVSM_REPORT_SIZE];
  svsm_report report;
  memcpy(bytes, kReport, sizeof(bytes));
  EXPECT_STATUS(svsm_report_parse(bytes, sizeof(bytes), &report), SVSM_OK, 0);
  EXPECT(report.version == 2 && report.guest_svn == 7 && report.policy == 0x20000);
  EXPECT(report.vmpl == 1 && report.is_signed == 0);
  EXPECT(memcmp(report.report_data, kReport + 0x50, 64) == 0);
  EXPECT(memcmp(report.measurement, kReport + 0x90, 48) == 0);
  EXPECT_STATUS(svsm_report_parse(bytes, 1183, &report), SVSM_TRUNCATED, SVSM_REPORT_SIZE);
  EXPECT(report.version == 0 && report.guest_svn == 0);
  bytes[0] = 9;
  EXPECT_STATUS(svsm_report_parse(bytes, sizeof(bytes), &report), SVSM_UNSUPPORTED, 9);
  bytes[0] = 2;
  bytes[0x4C] = 1;
  EXPECT_STATUS(svsm_report_parse(bytes, sizeof(bytes), &report), SVSM_MALFORMED, 0x4C);
}

static void TestServiceReportData(void) {
  uint8_t data[SVSM_REPORT_DATA_SIZE];
  EXPECT(svsm_ok(svsm_service_report_data(kNonce, kManifest, sizeof(kManifest), data)));
  EXPECT(memcmp(data, kServiceReportData, sizeof(data)) == 0);
}

static void TestLaunchDigest(void) {
  uint8_t digest[SVSM_LAUNCH_DIGEST_SIZE] = {0};
  uint8_t first[SVSM_PAGE_SIZE] = {0};
  uint8_t zero[SVSM_PAGE_SIZE] = {0};
  uint8_t last[SVSM_PAGE_SIZE] = {0};
  memcpy(first, "LGTMLGTMLGTMLGTM", 16);
  memcpy(last + SVSM_PAGE_SIZE - 16, "LGTMLGTMLGTMLGTM", 16);
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0, first)));
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0x1000, zero)));
  EXPECT_STATUS(svsm_launch_digest_add(digest, 0, 0, NULL), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, 7, 0, NULL), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0, NULL), SVSM_INVALID_ARGUMENT,
                0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, SVSM_PAGE_ZERO, 0, zero), SVSM_INVALID_ARGUMENT, 0);
  EXPECT(!svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_ZERO, 1, NULL)));
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0x2000, last)));
  EXPECT(memcmp(digest, kLaunchDigest, sizeof(digest)) == 0);
}

static void TestCalls(void) {
  static const uint8_t list[24] = {2, 0, 0, 0, 0,    0,    0, 0, 0x0C, 0x10, 0, 0,
                                   0, 0, 0, 0, 0x0C, 0x30, 0, 0, 0,    0,    0, 0};
  const uint64_t gpas[2] = {0x1000, 0x3000};
  uint8_t out[24];
  size_t size = 0;
  EXPECT_STATUS(svsm_result_status(0), SVSM_OK, 0);
  EXPECT_STATUS(svsm_result_status(0x80000007u), SVSM_BUSY, 0x80000007u);
  EXPECT_STATUS(svsm_result_status(0x80000000u), SVSM_EXHAUSTED, 0x80000000u);
  EXPECT_STATUS(svsm_result_status(0x40000003u), SVSM_OUT_OF_MEMORY, 0x40000003u);
  EXPECT(svsm_ok(svsm_pvalidate_list(
      gpas, 2, SVSM_PVALIDATE_VALID | SVSM_PVALIDATE_IGNORE_UNCHANGED, out, sizeof(out), &size)));
  EXPECT(size == 24 && memcmp(out, list, sizeof(list)) == 0);
  EXPECT_STATUS(svsm_pvalidate_list(gpas, 2, 0, out, 23, &size), SVSM_BUFFER_TOO_SMALL, 24);
  EXPECT_STATUS(svsm_pvalidate_list(gpas, 0, 0, out, 24, &size), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_pvalidate_list(gpas, 2, 2, out, 24, &size), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_pvalidate_list(gpas, 2, SVSM_PVALIDATE_2M, out, 24, &size),
                SVSM_INVALID_ARGUMENT, 0);
}

static void TestVtpm(void) {
  static uint8_t page[SVSM_VTPM_BUFFER_SIZE];
  static uint8_t command[4088];
  const uint8_t* response = page;
  size_t size = 0;
  EXPECT(svsm_ok(svsm_vtpm_encode_request(command, 12, page, sizeof(page), &size)));
  EXPECT(size == 21 && page[0] == 8 && page[4] == 0 && page[5] == 12);
  EXPECT_STATUS(svsm_vtpm_encode_request(command, 4088, page, sizeof(page), &size),
                SVSM_INVALID_ARGUMENT, 4088);
  EXPECT_STATUS(svsm_vtpm_encode_request(command, 12, page, 4095, &size), SVSM_BUFFER_TOO_SMALL,
                SVSM_VTPM_BUFFER_SIZE);
  page[0] = 2;
  EXPECT(svsm_ok(svsm_vtpm_decode_response(page, sizeof(page), &response, &size)));
  EXPECT(response == page + 4 && size == 2);
  EXPECT_STATUS(svsm_vtpm_decode_response(page, 3, &response, &size), SVSM_TRUNCATED, 4);
  EXPECT(response == NULL && size == 0);
  EXPECT_STATUS(svsm_vtpm_decode_response(page, 5, &response, &size), SVSM_MALFORMED, 2);
}

static void TestManifest(void) {
  static uint8_t other[sizeof(kServices)];
  svsm_service services[2];
  size_t count = 0;
  EXPECT(svsm_ok(svsm_services_manifest_parse(kServices, sizeof(kServices), services, 2, &count)));
  EXPECT(count == 2 && memcmp(services[0].guid, kVtpmGuid, 16) == 0);
  EXPECT(services[0].manifest_size == sizeof(kEkManifest));
  EXPECT(memcmp(services[0].manifest, kEkManifest, sizeof(kEkManifest)) == 0);
  EXPECT_STATUS(svsm_services_manifest_parse(kServices, sizeof(kServices), services, 1, &count),
                SVSM_OUT_OF_MEMORY, 2);
  EXPECT(count == 0);
  EXPECT(svsm_services_manifest_parse(kServices, 20, services, 2, &count).code == SVSM_TRUNCATED);
  memcpy(other, kServices, sizeof(kServices));
  other[0] ^= 1;
  EXPECT_STATUS(svsm_services_manifest_parse(other, sizeof(other), services, 2, &count),
                SVSM_MALFORMED, 0);
}

static svsm_vmpck_session session;

static void Open(void) {
  uint8_t key[SVSM_VMPCK_SIZE];
  uint8_t zero[SVSM_VMPCK_SIZE] = {0};
  memcpy(key, kVmpck, sizeof(key));
  svsm_vmpck_open(&session, 0, key, 0, UINT32_MAX);
  EXPECT(memcmp(key, zero, sizeof(key)) == 0);
}

static svsm_status Begin(void) {
  uint8_t payload[SVSM_REPORT_REQUEST_SIZE];
  svsm_report_request(kReportData, 0, payload);
  return svsm_vmpck_begin(&session, SVSM_MESSAGE_REPORT_REQUEST, 1, payload, sizeof(payload));
}

static void TestGuestMessages(void) {
  static uint8_t report[SVSM_REPORT_SIZE];
  svsm_request_outcome outcome = {0, 2, 0};
  uint8_t key[SVSM_VMPCK_SIZE];
  uint64_t used = 0;
  uint32_t step = 9;
  size_t size = 0;
  const uint8_t* payload;
  Open();
  EXPECT(svsm_ok(Begin()));
  EXPECT(memcmp(svsm_vmpck_request(&session), kRequest, sizeof(kRequest)) == 0);
  EXPECT_STATUS(svsm_vmpck_begin(&session, SVSM_MESSAGE_KEY_REQUEST, 1, kNonce, 32), SVSM_BUSY, 0);
  EXPECT(svsm_vmpck_release(&session, key, &used).code == SVSM_BUSY);
  EXPECT(svsm_ok(svsm_vmpck_step(&session, &outcome, 0, &step)) && step == SVSM_STEP_BUSY);
  outcome.vmm_error = 1;
  EXPECT(svsm_ok(svsm_vmpck_step(&session, &outcome, 1, &step)) && step == SVSM_STEP_RESEND_PLAIN);
  outcome.vmm_error = 0;
  memcpy(svsm_vmpck_response(&session), kResponse, sizeof(kResponse));
  EXPECT(svsm_ok(svsm_vmpck_step(&session, &outcome, 0, &step)) && step == SVSM_STEP_DONE);
  payload = svsm_vmpck_payload(&session, &size);
  EXPECT(size == sizeof(kResponsePayload));
  EXPECT(memcmp(payload, kResponsePayload, sizeof(kResponsePayload)) == 0);
  EXPECT(svsm_ok(svsm_report_response(payload, size, report)));
  EXPECT(memcmp(report, kResponsePayload + 32, sizeof(report)) == 0);
  EXPECT_STATUS(svsm_report_response(payload, size - 1, report), SVSM_MALFORMED, 4);
  EXPECT_STATUS(svsm_report_response(payload, 31, report), SVSM_MALFORMED, 0);
  EXPECT(svsm_vmpck_messages_used(&session) == 2);
  EXPECT(svsm_ok(svsm_vmpck_release(&session, key, &used)));
  EXPECT(used == 2 && memcmp(key, kVmpck, sizeof(key)) == 0);
  EXPECT(svsm_vmpck_release(&session, key, &used).code == SVSM_FAILED_PRECONDITION);
  EXPECT(Begin().code == SVSM_FAILED_PRECONDITION);
  svsm_vmpck_close(&session);
}

static uint8_t StepCode(uint32_t firmware_error, uint32_t vmm_error, size_t flip) {
  const svsm_request_outcome outcome = {firmware_error, vmm_error, 0};
  svsm_status status;
  uint32_t step = 0;
  Open();
  EXPECT(svsm_ok(Begin()));
  memcpy(svsm_vmpck_response(&session), kResponse, sizeof(kResponse));
  svsm_vmpck_response(&session)[flip] ^= 1;
  status = svsm_vmpck_step(&session, &outcome, 0, &step);
  EXPECT(svsm_vmpck_step(&session, &outcome, 0, &step).code == SVSM_FAILED_PRECONDITION);
  svsm_vmpck_close(&session);
  return status.code;
}

static void TestHostileHost(void) {
  uint8_t refused[32] = {0x16};
  static uint8_t report[SVSM_REPORT_SIZE];
  uint8_t key[SVSM_VMPCK_SIZE] = {0};
  EXPECT(StepCode(0, 0, 0x00) == SVSM_AUTH_FAILED);
  EXPECT(StepCode(0, 0, 0x30) == SVSM_MALFORMED);
  EXPECT(StepCode(5, 0, 0x00) == SVSM_PERMISSION_DENIED);
  EXPECT(StepCode(0, 9, 0x00) == SVSM_IO_ERROR);
  EXPECT_STATUS(svsm_report_response(refused, 32, report), SVSM_INVALID_ARGUMENT, 0x16);
  svsm_vmpck_open(&session, 0, key, UINT32_MAX, UINT32_MAX);
  EXPECT(Begin().code == SVSM_EXHAUSTED);
  svsm_vmpck_open(&session, 4, key, 0, UINT32_MAX);
  EXPECT(Begin().code == SVSM_INVALID_ARGUMENT);
  svsm_vmpck_close(&session);
}

int main(void) {
  TestReport();
  TestServiceReportData();
  TestLaunchDigest();
  TestCalls();
  TestVtpm();
  TestManifest();
  TestGuestMessages();
  TestHostileHost();
  printf("%d expectations, %d not met\n", expectations, failures);
  return failures == 0 ? 0 : 1;
}
