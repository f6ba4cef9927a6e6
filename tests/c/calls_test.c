#include "svsm/c/calls.h"

#include "tests/c/expect.h"
#include "tests/c/vectors.inc"

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

int main(void) {
  TestCalls();
  TestVtpm();
  TestManifest();
  return Finish();
}
