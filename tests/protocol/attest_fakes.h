// An attester, manifest providers and an attestation service over the fake machine.
#ifndef SVSM_TESTS_PROTOCOL_ATTEST_FAKES_H_
#define SVSM_TESTS_PROTOCOL_ATTEST_FAKES_H_

#include <array>
#include <vector>

#include "svsm/core/attester.h"
#include "svsm/crypto/openssl.h"
#include "svsm/protocol/attestation.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {

// Its report is 'R' 1184 times with REPORT_DATA at 50h, its certificates are 'C's.
class FakeAttester final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {1184, known_certificates}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan certificates) override {
    ++requests;
    if (!next.ok()) {
      const Status status = next;
      next = OkStatus();
      return status;
    }
    if (!certificates.empty() && certificates.size() < real_certificates) {
      return Status(Code::kBufferTooSmall, Source::kCaller,
                    static_cast<std::uint32_t>(real_certificates));
    }
    Fill(report, 'R');
    Copy(report.subspan(0x50), report_data);
    const std::size_t given = certificates.empty() ? 0 : real_certificates;
    Fill(certificates.first(given), 'C');
    return AttestationSizes{1184 + lie, given};
  }

  std::size_t known_certificates = 0;
  std::size_t real_certificates = 100;
  std::size_t lie = 0;
  unsigned requests = 0;
  Status next;
};

// Version 0, and version 1 which is the same with a 1 in front.
class FakeProvider final : public ManifestProvider {
 public:
  FakeProvider(const Guid& guid, std::vector<std::uint8_t> bytes)
      : guid_(guid), bytes_(std::move(bytes)) {}
  Guid service() const override { return guid_; }
  Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) override {
    if (!fails.ok()) return fails;
    if (version > 1) return Status(Code::kUnsupported, Source::kCaller, version);
    const std::size_t size = bytes_.size() + version;
    if (out.size() < size) {
      return Status(Code::kBufferTooSmall, Source::kCaller, static_cast<std::uint32_t>(size));
    }
    if (version == 1) out[0] = 1;
    Copy(out.subspan(version), bytes_);
    return size;
  }
  Status fails;

 private:
  Guid guid_;
  std::vector<std::uint8_t> bytes_;
};

struct AttestingSvsm : Svsm {
  explicit AttestingSvsm(std::size_t max_manifest_bytes = 8192)
      : workspace(AttestationService::WorkspaceSize(max_manifest_bytes, 1184)) {
    const Status registered = dispatcher.Register(service);
    EXPECT_THAT(registered, testing::IsOk());
  }
  FakeAttester attester;
  crypto::OpensslHash sha512{crypto::HashAlg::kSha512};
  FakeProvider vtpm{kVtpmService, std::vector<std::uint8_t>(314, 'V')};
  FakeProvider uefi{kUefiMmService, {}};
  std::array<ManifestProvider*, 2> providers = {&vtpm, &uefi};
  std::vector<std::uint8_t> workspace;
  SpinLock workspace_lock;
  AttestationService service{{.attester = attester,
                              .sha512 = sha512,
                              .providers = providers,
                              .workspace = workspace,
                              .log = log,
                              .workspace_lock = workspace_lock}};
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_ATTEST_FAKES_H_
