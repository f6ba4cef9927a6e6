#include "svsm/c/guest_message.h"

#include "tests/c/expect.h"
#include "tests/c/vectors.inc"

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
  TestGuestMessages();
  TestHostileHost();
  return Finish();
}
