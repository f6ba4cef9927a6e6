// What the tests of this room share: generators, stores and attesters that can be told to fail, and
// a TPM with a short way to talk to it.
#ifndef SVSM_TESTS_VTPM_TEST_TPM_H_
#define SVSM_TESTS_VTPM_TEST_TPM_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "svsm/core/attester.h"
#include "svsm/core/hosted.h"
#include "svsm/core/state_store.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {

// Counts writes and fails when told to.
class FaultStore final : public StateStore {
 public:
  enum class Fault {
    kNone,
    kBefore,  // the old blob stands
    kAfter,   // the new blob is there, and yet an error is told
  };

  Result<std::size_t> Size(const char* name) override {
    if (!read_fault.ok()) return read_fault;
    return store.Size(name);
  }
  Result<std::size_t> Read(const char* name, ByteSpan out) override {
    if (!read_fault.ok()) return read_fault;
    return store.Read(name, out);
  }
  Status Write(const char* name, ByteView blob) override {
    ++writes;
    const bool now = fault != Fault::kNone && writes >= fail_from;
    if (now && fault == Fault::kBefore) return Status(Code::kIoError, Source::kCaller, 5);
    const Status status = store.Write(name, blob);
    return now ? Status(Code::kIoError, Source::kCaller, 5) : status;
  }
  Status Remove(const char* name) override { return store.Remove(name); }

  ByteVector Blob(const char* name) {
    const auto size = store.Size(name);
    ByteVector blob(size.ok() ? *size : 0);
    if (size.ok()) {
      EXPECT_THAT(store.Read(name, blob), testing::IsOk());
    }
    return blob;
  }

  MemoryStateStore store;
  Status read_fault;
  Fault fault = Fault::kNone;
  std::uint64_t fail_from = 0;
  std::uint64_t writes = 0;
};

// Reports that say what they are over, and which one they are.
class FakeAttester final : public Attester {
 public:
  static constexpr std::size_t kReportSize = 1184;
  AttestationSizes Sizes() const override { return {size, 0}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan) override {
    if (busy != 0) {
      --busy;
      Fill(report, 0);
      return Status(Code::kBusy, Source::kSnp);
    }
    ++reports;
    Fill(report.first(size), static_cast<std::uint8_t>(reports));
    Copy(report.subspan(0x50), report_data);
    return AttestationSizes{size, 0};
  }

  std::size_t size = kReportSize;
  int busy = 0;
  int reports = 0;
};

class TestTpm {
 public:
  explicit TestTpm(StateStore& store, std::uint64_t seed = 1) : rng(seed) {
    auto made = LibtpmsEngine::Create(store, rng);
    EXPECT_THAT(made, testing::IsOk());
    if (made.ok()) engine_ = *std::move(made);
  }
  LibtpmsEngine& engine() { return *engine_; }

  void PowerOn() { ASSERT_THAT(engine_->PowerOn(StoredVolatile::kDelete), testing::IsOk()); }
  void Start() {
    PowerOn();
    ASSERT_EQ(Code(BuildStartup(StartupKind::kClear, command)), kTpmRcSuccess);
  }
  ByteView Run(ByteView bytes, std::uint8_t locality = 0) {
    const auto size = engine_->Execute(locality, bytes, response);
    EXPECT_THAT(size, testing::IsOk());
    return ByteView(response).first(size.ok() ? *size : 0);
  }
  ByteView Run(const Result<ByteView>& built) {
    EXPECT_THAT(built, testing::IsOk());
    return built.ok() ? Run(*built) : ByteView();
  }
  std::uint32_t Code(const Result<ByteView>& built) {
    const auto code = ResponseCode(Run(built));
    EXPECT_THAT(code, testing::IsOk());
    return code.ok() ? *code : 0xFFFFFFFF;
  }
  // A command given as hex digits, for what no Build function makes.
  std::uint32_t CodeOfHex(const std::string& hex) {
    const auto bytes = FromHex(hex);
    EXPECT_THAT(bytes, testing::IsOk());
    return Code(ByteView(*bytes));
  }
  // Value of a PCR in the SHA-256 bank, as hex.
  std::string Pcr(std::uint32_t pcr) {
    const evidence::PcrSelection selection{evidence::TpmAlg::kSha256, 1u << pcr};
    const ByteView answer = Run(BuildPcrRead({&selection, 1}, command));
    return answer.size() >= 32 ? ToHex(answer.last(32)) : "none";
  }

  testing::FakeRng rng;
  Bytes<kMaxTpmBuffer> command{};
  Bytes<kMaxTpmBuffer> response{};

 private:
  std::unique_ptr<LibtpmsEngine> engine_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_TESTS_VTPM_TEST_TPM_H_
