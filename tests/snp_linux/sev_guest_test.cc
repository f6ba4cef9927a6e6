#include "svsm/snp_linux/sev_guest.h"

#include <linux/sev-guest.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <functional>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/snp/report_layout.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

// Behaves as the kernel's driver; pointers come as numbers, as in its interface.
class FakeSevGuest final : public SevGuestDevice {
 public:
  int error = 0;
  std::uint64_t exitinfo2 = 0;
  ByteVector certificates;
  std::function<void(ByteSpan response)> edit;
  unsigned long last_request = 0;
  std::uint32_t last_vmpl = 99;
  int calls = 0;

  int Ioctl(unsigned long request, void* argument) override {
    ++calls;
    last_request = request;
    auto* call = static_cast<snp_guest_request_ioctl*>(argument);
    EXPECT_EQ(call->msg_version, 1);
    call->exitinfo2 = 0xFFFFFFFF;
    if (error != 0) {
      call->exitinfo2 = exitinfo2;
      return error;
    }
    if (request == SNP_GET_REPORT) {
      return Report(*At<snp_report_req>(call->req_data),
                    At<snp_report_resp>(call->resp_data)->data);
    }
    if (request == SNP_GET_EXT_REPORT) return Extended(*call);
    if (request == SNP_GET_DERIVED_KEY) {
      const auto* req = At<snp_derived_key_req>(call->req_data);
      last_vmpl = req->vmpl;
      ByteSpan data(At<snp_derived_key_resp>(call->resp_data)->data);
      Fill(data, 0);
      Fill(data.subspan(32), static_cast<std::uint8_t>(req->tcb_version >> 56));
      if (edit) edit(data);
      call->exitinfo2 = 0;
      return 0;
    }
    return ENOTTY;
  }

 private:
  template <typename T>
  static T* At(std::uint64_t address) {
    return static_cast<T*>(std::bit_cast<void*>(static_cast<std::uintptr_t>(address)));
  }
  int Report(const snp_report_req& request, ByteSpan data) {
    last_vmpl = request.vmpl;
    Fill(data, 0);
    data[4] = 0xA0;
    data[5] = 0x04;
    data[32] = 3;
    Copy(data.subspan(32 + 0x50), request.user_data);
    if (edit) edit(data);
    return 0;
  }
  int Extended(snp_guest_request_ioctl& call) {
    auto* request = At<snp_ext_report_req>(call.req_data);
    if (request->certs_len % 4096 != 0) return EINVAL;
    if (request->certs_len < certificates.size()) {
      request->certs_len = static_cast<std::uint32_t>((certificates.size() + 4095) / 4096 * 4096);
      call.exitinfo2 = 1ull << 32;
      return EIO;
    }
    Copy(ByteSpan(At<std::uint8_t>(request->certs_address), request->certs_len), certificates);
    return Report(request->data, At<snp_report_resp>(call.resp_data)->data);
  }
};

class SevGuestTest : public ::testing::Test {
 protected:
  void SetUp() override { data_.fill(0x77); }
  FakeSevGuest device_;
  SevGuestAttester attester_{device_, Vmpl(2)};
  Bytes<64> data_{};
  ByteVector report_ = ByteVector(kReportSize, 0xEE);
};

TEST_F(SevGuestTest, GivesAReport) {
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes, attester_.Attest(data_, report_, {}));
  EXPECT_EQ(sizes.report_bytes, kReportSize);
  EXPECT_EQ(sizes.certificates_bytes, 0u);
  EXPECT_EQ(device_.last_request, SNP_GET_REPORT);
  EXPECT_EQ(device_.last_vmpl, 2u);
  EXPECT_EQ(report_[0], 3);
  EXPECT_THAT(ByteView(report_).subspan(0x50, 64), SameBytes(data_));
}

TEST_F(SevGuestTest, GivesCertificatesInWholePages) {
  device_.certificates = ByteVector(5000, 0xCE);
  ByteVector certificates(9000, 0xEE);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes,
                            attester_.Attest(data_, report_, certificates));
  EXPECT_EQ(device_.last_request, SNP_GET_EXT_REPORT);
  EXPECT_EQ(sizes.certificates_bytes, 8192u);
  EXPECT_THAT(ByteView(certificates).first(5000), SameBytes(device_.certificates));
  EXPECT_TRUE(IsZero(ByteView(certificates).subspan(5000)));
  EXPECT_THAT(ByteView(report_).subspan(0x50, 64), SameBytes(data_));

  device_.certificates.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes none,
                            attester_.Attest(data_, report_, certificates));
  EXPECT_EQ(none.certificates_bytes, 0u);
}

TEST_F(SevGuestTest, ShortBuffersAreNamed) {
  EXPECT_EQ(attester_.Sizes().report_bytes, kReportSize);
  EXPECT_EQ(attester_.Sizes().certificates_bytes, 0x4000u);
  EXPECT_THAT(attester_.Attest(data_, ByteSpan(report_).first(5), {}),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, kReportSize));
  ByteVector certificates(4095, 0xEE);
  EXPECT_THAT(attester_.Attest(data_, report_, certificates),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 0x4000));
  EXPECT_EQ(device_.calls, 0);
  device_.certificates = ByteVector(20000, 1);
  certificates.assign(8192, 0xEE);
  EXPECT_THAT(attester_.Attest(data_, report_, certificates),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 20480));
  EXPECT_EQ(attester_.Sizes().certificates_bytes, 20480u);
  EXPECT_TRUE(IsZero(certificates));
  EXPECT_TRUE(IsZero(report_));
}

TEST_F(SevGuestTest, ErrorsOfTheCallAreToldApart) {
  struct Case {
    int error;
    std::uint64_t exitinfo2;
    Status status;
  };
  const Case kCases[] = {
      {EIO, 2ull << 32, Status(Code::kBusy, Source::kSnp)},
      {EIO, 0x27, Status(Code::kPermissionDenied, Source::kSnp, 0x27)},
      {EIO, 0xFFFFFFFF, Status(Code::kIoError, Source::kSystem, EIO)},
      {EIO, 0, Status(Code::kIoError, Source::kSystem, EIO)},
      // A length error makes no sense for a request without certificates.
      {EIO, 1ull << 32, Status(Code::kIoError, Source::kSystem, EIO)},
      {ETIMEDOUT, 0, Status(Code::kIoError, Source::kSystem, ETIMEDOUT)},
      {ENOTTY, 0, Status(Code::kFailedPrecondition, Source::kSystem, ENOTTY)},
      {ENOENT, 0, Status(Code::kUnavailable, Source::kSystem, ENOENT)},
      {ENODEV, 0, Status(Code::kUnavailable, Source::kSystem, ENODEV)},
      {EACCES, 0, Status(Code::kPermissionDenied, Source::kSystem, EACCES)},
      {EAGAIN, 0, Status(Code::kBusy, Source::kSystem, EAGAIN)},
  };
  for (const Case& c : kCases) {
    device_.error = c.error;
    device_.exitinfo2 = c.exitinfo2;
    Fill(report_, 0xEE);
    EXPECT_EQ(attester_.Attest(data_, report_, {}).status(), c.status) << c.error;
    EXPECT_TRUE(IsZero(report_));
    Secret<32> key;
    EXPECT_EQ(attester_.DeriveKey({}, key), c.status) << c.error;
  }
}

TEST_F(SevGuestTest, RefusalsInTheResponseAreTold) {
  device_.edit = [](ByteSpan data) {
    Fill(data, 0);
    data[0] = 0x16;
  };
  EXPECT_THAT(attester_.Attest(data_, report_, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  Secret<32> key;
  EXPECT_THAT(attester_.DeriveKey({}, key), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  EXPECT_TRUE(IsZero(key.view()));
}

TEST_F(SevGuestTest, AZeroReportMeansAWrongVmpl) {
  device_.edit = [](ByteSpan data) { Fill(data, 0); };
  EXPECT_THAT(attester_.Attest(data_, report_, {}),
              IsStatus(Code::kPermissionDenied, Source::kSnp, kDetailZeroReport));
}

TEST_F(SevGuestTest, AReportOfAnotherSizeIsRefused) {
  device_.edit = [](ByteSpan data) { data[4] = 0xA1; };
  EXPECT_THAT(attester_.Attest(data_, report_, {}), IsStatus(Code::kInternal, Source::kSnp, 0x4A1));
  EXPECT_TRUE(IsZero(report_));
}

TEST_F(SevGuestTest, WrongArgumentsMakeNoCall) {
  SevGuestAttester attester(device_, Vmpl(4));
  EXPECT_THAT(attester.Attest(data_, report_, {}), IsStatus(Code::kInvalidArgument, Source::kSnp));
  Secret<32> key;
  DerivedKeySelection selection;
  selection.fields = derived_key_field::kLaunchMitVector;
  EXPECT_THAT(attester.DeriveKey(selection, key), IsStatus(Code::kUnsupported, Source::kSnp));
  selection.fields = 1ull << 40;
  EXPECT_THAT(attester.DeriveKey(selection, key), IsStatus(Code::kInvalidArgument, Source::kSnp));
  EXPECT_EQ(device_.calls, 0);
}

TEST_F(SevGuestTest, DerivesKeys) {
  DerivedKeySelection selection;
  selection.vmpl = Vmpl(3);
  selection.fields = derived_key_field::kTcbVersion;
  selection.tcb = RawTcb{1, 2, 3, 4, 5, 6, 7, 0x99};
  Secret<32> key;
  ASSERT_THAT(attester_.DeriveKey(selection, key), IsOk());
  EXPECT_EQ(device_.last_request, SNP_GET_DERIVED_KEY);
  EXPECT_EQ(device_.last_vmpl, 3u);
  EXPECT_THAT(key.view(), SameBytes(ByteVector(32, 0x99)));
}

TEST(LinuxSevGuestDeviceTest, SaysWhatTheSystemSays) {
  LinuxSevGuestDevice none("/nonexistent/sev-guest");
  EXPECT_EQ(none.Ioctl(SNP_GET_REPORT, nullptr), ENOENT);
  LinuxSevGuestDevice null("/dev/null");
  snp_guest_request_ioctl argument{};
  EXPECT_EQ(null.Ioctl(SNP_GET_REPORT, &argument), ENOTTY);
  SevGuestAttester attester(none, Vmpl(0));
  ByteVector report(kReportSize);
  EXPECT_THAT(attester.Attest(Bytes<64>{}, report, {}),
              IsStatus(Code::kUnavailable, Source::kSystem, ENOENT));
}

}  // namespace
}  // namespace svsm::snp
