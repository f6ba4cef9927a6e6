#include "svsm/c/report.h"

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

int main(void) {
  TestReport();
  TestServiceReportData();
  return Finish();
}
