// Each fixed command is compared with what libtss2-mu makes of the same values.
#include "svsm/vtpm/commands.h"

#include <gtest/gtest.h>
#include <tss2/tss2_mu.h>

#include <cstring>

#include "svsm/core/hosted.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

// A command as libtss2-mu marshals it.
class Mu {
 public:
  Mu(TPM2_ST tag, TPM2_CC code) {
    Put(Tss2_MU_TPM2_ST_Marshal, tag);
    Put(Tss2_MU_UINT32_Marshal, std::uint32_t{0});
    Put(Tss2_MU_TPM2_CC_Marshal, code);
  }
  template <typename F, typename T>
  Mu& Put(F marshal, T value) {
    EXPECT_EQ(marshal(value, bytes_, sizeof(bytes_), &size_), TSS2_RC_SUCCESS);
    return *this;
  }
  Mu& Handle(TPM2_HANDLE handle) { return Put(Tss2_MU_UINT32_Marshal, handle); }
  Mu& Password() {
    TPMS_AUTH_COMMAND auth = {};
    auth.sessionHandle = TPM2_RS_PW;
    std::uint8_t area[64];
    std::size_t size = 0;
    EXPECT_EQ(Tss2_MU_TPMS_AUTH_COMMAND_Marshal(&auth, area, sizeof(area), &size), 0u);
    Put(Tss2_MU_UINT32_Marshal, static_cast<std::uint32_t>(size));
    std::memcpy(bytes_ + size_, area, size);
    size_ += size;
    return *this;
  }
  ByteVector Done() {
    std::size_t at = 2;
    EXPECT_EQ(
        Tss2_MU_UINT32_Marshal(static_cast<std::uint32_t>(size_), bytes_, sizeof(bytes_), &at), 0u);
    return ByteVector(bytes_, bytes_ + size_);
  }

 private:
  std::uint8_t bytes_[4096] = {};
  std::size_t size_ = 0;
};

class CommandsTest : public ::testing::Test {
 protected:
  void Expect(const Result<ByteView>& built, Mu& expected) {
    ASSERT_THAT(built, IsOk());
    EXPECT_THAT(*built, SameBytes(expected.Done()));
  }
  static TPML_PCR_SELECTION Selections(std::uint8_t a, std::uint8_t b, std::uint8_t c) {
    TPML_PCR_SELECTION list = {};
    list.count = 2;
    list.pcrSelections[0] = {TPM2_ALG_SHA256, 3, {a, b, c, 0}};
    list.pcrSelections[1] = {TPM2_ALG_SHA384, 3, {1, 0, 0, 0}};
    return list;
  }
  Bytes<kMaxTpmBuffer> buffer_{};
};

TEST_F(CommandsTest, StartupAndShutdown) {
  Mu startup(TPM2_ST_NO_SESSIONS, TPM2_CC_Startup);
  startup.Put(Tss2_MU_UINT16_Marshal, std::uint16_t{TPM2_SU_CLEAR});
  Expect(BuildStartup(StartupKind::kClear, buffer_), startup);
  Mu shutdown(TPM2_ST_NO_SESSIONS, TPM2_CC_Shutdown);
  shutdown.Put(Tss2_MU_UINT16_Marshal, std::uint16_t{TPM2_SU_STATE});
  Expect(BuildShutdown(StartupKind::kState, buffer_), shutdown);
}

TEST_F(CommandsTest, Capabilities) {
  Mu banks(TPM2_ST_NO_SESSIONS, TPM2_CC_GetCapability);
  banks.Put(Tss2_MU_UINT32_Marshal, TPM2_CAP_PCRS)
      .Put(Tss2_MU_UINT32_Marshal, 0u)
      .Put(Tss2_MU_UINT32_Marshal, 1u);
  Expect(BuildGetPcrBanks(buffer_), banks);
  Mu nv_buffer(TPM2_ST_NO_SESSIONS, TPM2_CC_GetCapability);
  nv_buffer.Put(Tss2_MU_UINT32_Marshal, TPM2_CAP_TPM_PROPERTIES)
      .Put(Tss2_MU_UINT32_Marshal, TPM2_PT_NV_BUFFER_MAX)
      .Put(Tss2_MU_UINT32_Marshal, 1u);
  Expect(BuildGetNvBufferMax(buffer_), nv_buffer);
}

TEST_F(CommandsTest, PcrAllocate) {
  TPML_PCR_SELECTION list = {};
  list.count = 4;
  list.pcrSelections[0] = {TPM2_ALG_SHA1, 3, {0, 0, 0, 0}};
  list.pcrSelections[1] = {TPM2_ALG_SHA256, 3, {0xFF, 0xFF, 0xFF, 0}};
  list.pcrSelections[2] = {TPM2_ALG_SHA384, 3, {0xFF, 0xFF, 0xFF, 0}};
  list.pcrSelections[3] = {TPM2_ALG_SHA512, 3, {0, 0, 0, 0}};
  Mu expected(TPM2_ST_SESSIONS, TPM2_CC_PCR_Allocate);
  expected.Handle(TPM2_RH_PLATFORM).Password().Put(Tss2_MU_TPML_PCR_SELECTION_Marshal, &list);
  Expect(BuildPcrAllocate(kPcrBankSha256 | kPcrBankSha384, buffer_), expected);
}

TEST_F(CommandsTest, CreatePrimary) {
  Bytes<1024> area;
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteView tmpl,
      evidence::BuildTpmtPublic(evidence::TemplatePublic(evidence::KeyTemplate::kEkP384), area));
  TPM2B_PUBLIC tss = {};
  std::size_t at = 0;
  ASSERT_EQ(Tss2_MU_TPMT_PUBLIC_Unmarshal(tmpl.data(), tmpl.size(), &at, &tss.publicArea), 0u);
  ASSERT_EQ(at, tmpl.size());
  const TPM2B_SENSITIVE_CREATE sensitive = {};
  const TPM2B_DATA outside = {};
  const TPML_PCR_SELECTION no_pcrs = {};
  Mu expected(TPM2_ST_SESSIONS, TPM2_CC_CreatePrimary);
  expected.Handle(TPM2_RH_ENDORSEMENT)
      .Password()
      .Put(Tss2_MU_TPM2B_SENSITIVE_CREATE_Marshal, &sensitive)
      .Put(Tss2_MU_TPM2B_PUBLIC_Marshal, &tss)
      .Put(Tss2_MU_TPM2B_DATA_Marshal, &outside)
      .Put(Tss2_MU_TPML_PCR_SELECTION_Marshal, &no_pcrs);
  Expect(BuildCreatePrimary(kTpmRhEndorsement, tmpl, buffer_), expected);
}

TEST_F(CommandsTest, CreateLoaded) {
  TPM2B_SENSITIVE_CREATE sensitive = {};
  sensitive.sensitive.data.size = 2;
  sensitive.sensitive.data.buffer[0] = 0xAB;
  sensitive.sensitive.data.buffer[1] = 0xCD;
  TPM2B_TEMPLATE tmpl = {3, {1, 2, 3}};
  Mu expected(TPM2_ST_SESSIONS, TPM2_CC_CreateLoaded);
  expected.Handle(0x81000001)
      .Password()
      .Put(Tss2_MU_TPM2B_SENSITIVE_CREATE_Marshal, &sensitive)
      .Put(Tss2_MU_TPM2B_TEMPLATE_Marshal, &tmpl);
  Expect(BuildCreateLoaded(0x81000001, Bytes<2>{0xAB, 0xCD}, Bytes<3>{1, 2, 3}, buffer_), expected);
}

TEST_F(CommandsTest, Handles) {
  Mu evict(TPM2_ST_SESSIONS, TPM2_CC_EvictControl);
  evict.Handle(TPM2_RH_OWNER).Handle(0x80000001).Password().Handle(0x81010001);
  Expect(BuildEvictControl(kTpmRhOwner, 0x80000001, 0x81010001, buffer_), evict);
  Mu flush(TPM2_ST_NO_SESSIONS, TPM2_CC_FlushContext);
  flush.Handle(0x80000001);
  Expect(BuildFlushContext(0x80000001, buffer_), flush);
  Mu read(TPM2_ST_NO_SESSIONS, TPM2_CC_ReadPublic);
  read.Handle(0x81010001);
  Expect(BuildReadPublic(0x81010001, buffer_), read);
  Mu nv_read(TPM2_ST_NO_SESSIONS, TPM2_CC_NV_ReadPublic);
  nv_read.Handle(0x01C00002);
  Expect(BuildNvReadPublic(0x01C00002, buffer_), nv_read);
}

TEST_F(CommandsTest, NvSpaces) {
  const NvPublic nv{0x01C00002, evidence::TpmAlg::kSha256, kNvPlatformCreate | kNvWriteStClear,
                    1184};
  TPM2B_NV_PUBLIC tss = {};
  tss.nvPublic.nvIndex = 0x01C00002;
  tss.nvPublic.nameAlg = TPM2_ALG_SHA256;
  tss.nvPublic.attributes = TPMA_NV_PLATFORMCREATE | TPMA_NV_WRITE_STCLEAR;
  tss.nvPublic.dataSize = 1184;
  const TPM2B_AUTH auth = {};
  Mu define(TPM2_ST_SESSIONS, TPM2_CC_NV_DefineSpace);
  define.Handle(TPM2_RH_PLATFORM)
      .Password()
      .Put(Tss2_MU_TPM2B_DIGEST_Marshal, &auth)
      .Put(Tss2_MU_TPM2B_NV_PUBLIC_Marshal, &tss);
  Expect(BuildNvDefineSpace(nv, buffer_), define);
  Mu undefine(TPM2_ST_SESSIONS, TPM2_CC_NV_UndefineSpace);
  undefine.Handle(TPM2_RH_PLATFORM).Handle(0x01C00002).Password();
  Expect(BuildNvUndefineSpace(0x01C00002, buffer_), undefine);
}

TEST_F(CommandsTest, NvDataAndLock) {
  TPM2B_MAX_NV_BUFFER data = {};
  data.size = 3;
  std::memcpy(data.buffer, "abc", 3);
  Mu write(TPM2_ST_SESSIONS, TPM2_CC_NV_Write);
  write.Handle(TPM2_RH_PLATFORM)
      .Handle(0x01C00002)
      .Password()
      .Put(Tss2_MU_TPM2B_MAX_NV_BUFFER_Marshal, &data)
      .Put(Tss2_MU_UINT16_Marshal, std::uint16_t{1024});
  Expect(BuildNvWrite(0x01C00002, AsBytes("abc"), 1024, buffer_), write);
  Mu lock(TPM2_ST_SESSIONS, TPM2_CC_NV_WriteLock);
  lock.Handle(TPM2_RH_PLATFORM).Handle(0x01C00002).Password();
  Expect(BuildNvWriteLock(0x01C00002, buffer_), lock);
  Mu read(TPM2_ST_SESSIONS, TPM2_CC_NV_Read);
  read.Handle(0x01C00002)
      .Handle(0x01C00002)
      .Password()
      .Put(Tss2_MU_UINT16_Marshal, std::uint16_t{160})
      .Put(Tss2_MU_UINT16_Marshal, std::uint16_t{1024});
  Expect(BuildNvRead(0x01C00002, 160, 1024, buffer_), read);
}

TEST_F(CommandsTest, AttributesAreTheTpms) {
  EXPECT_EQ(kNvPpWrite, TPMA_NV_PPWRITE);
  EXPECT_EQ(kNvWriteLocked, TPMA_NV_WRITELOCKED);
  EXPECT_EQ(kNvWriteStClear, TPMA_NV_WRITE_STCLEAR);
  EXPECT_EQ(kNvPpRead, TPMA_NV_PPREAD);
  EXPECT_EQ(kNvOwnerRead, TPMA_NV_OWNERREAD);
  EXPECT_EQ(kNvAuthRead, TPMA_NV_AUTHREAD);
  EXPECT_EQ(kNvNoDa, TPMA_NV_NO_DA);
  EXPECT_EQ(kNvWritten, TPMA_NV_WRITTEN);
  EXPECT_EQ(kNvPlatformCreate, TPMA_NV_PLATFORMCREATE);
}

TEST_F(CommandsTest, PcrEventAndExtend) {
  TPM2B_EVENT event = {};
  event.size = 5;
  std::memcpy(event.buffer, "event", 5);
  Mu mu_event(TPM2_ST_SESSIONS, TPM2_CC_PCR_Event);
  mu_event.Handle(6).Password().Put(Tss2_MU_TPM2B_EVENT_Marshal, &event);
  Expect(BuildPcrEvent(6, AsBytes("event"), buffer_), mu_event);
  TPML_DIGEST_VALUES values = {};
  values.count = 2;
  values.digests[0].hashAlg = TPM2_ALG_SHA1;
  std::memset(values.digests[0].digest.sha1, 1, 20);
  values.digests[1].hashAlg = TPM2_ALG_SHA512;
  std::memset(values.digests[1].digest.sha512, 2, 64);
  Mu extend(TPM2_ST_SESSIONS, TPM2_CC_PCR_Extend);
  extend.Handle(7).Password().Put(Tss2_MU_TPML_DIGEST_VALUES_Marshal, &values);
  Bytes<20> ones;
  ones.fill(1);
  Bytes<64> twos;
  twos.fill(2);
  const PcrDigest digests[] = {{evidence::TpmAlg::kSha1, ones}, {evidence::TpmAlg::kSha512, twos}};
  Expect(BuildPcrExtend(7, digests, buffer_), extend);
}

TEST_F(CommandsTest, PcrReadAndQuote) {
  const evidence::PcrSelection selection[] = {{evidence::TpmAlg::kSha256, 0x820381},
                                              {evidence::TpmAlg::kSha384, 1}};
  const TPML_PCR_SELECTION list = Selections(0x81, 0x03, 0x82);
  Mu read(TPM2_ST_NO_SESSIONS, TPM2_CC_PCR_Read);
  read.Put(Tss2_MU_TPML_PCR_SELECTION_Marshal, &list);
  Expect(BuildPcrRead(selection, buffer_), read);
  TPM2B_DATA nonce = {};
  nonce.size = 5;
  std::memcpy(nonce.buffer, "nonce", 5);
  TPMT_SIG_SCHEME scheme = {};
  scheme.scheme = TPM2_ALG_NULL;
  Mu quote(TPM2_ST_SESSIONS, TPM2_CC_Quote);
  quote.Handle(0x81000003)
      .Password()
      .Put(Tss2_MU_TPM2B_DATA_Marshal, &nonce)
      .Put(Tss2_MU_TPMT_SIG_SCHEME_Marshal, &scheme)
      .Put(Tss2_MU_TPML_PCR_SELECTION_Marshal, &list);
  Expect(BuildQuote(0x81000003, AsBytes("nonce"), selection, buffer_), quote);
}

TEST_F(CommandsTest, GetRandom) {
  Mu expected(TPM2_ST_NO_SESSIONS, TPM2_CC_GetRandom);
  expected.Put(Tss2_MU_UINT16_Marshal, std::uint16_t{32});
  Expect(BuildGetRandom(32, buffer_), expected);
}

TEST_F(CommandsTest, TooSmallABufferNamesTheSize) {
  EXPECT_THAT(BuildStartup(StartupKind::kClear, ByteSpan(buffer_).first(11)),
              IsStatus(Code::kBufferTooSmall, Source::kCore, 12));
  EXPECT_THAT(BuildGetRandom(1, ByteSpan(buffer_).first(3)),
              IsStatus(Code::kBufferTooSmall, Source::kCore, 12));
  EXPECT_THAT(BuildGetRandom(1, {}), IsStatus(Code::kBufferTooSmall, Source::kCore, 12));
  const ByteVector large(0x10000);
  EXPECT_THAT(BuildNvWrite(1, large, 0, buffer_),
              IsStatus(Code::kOutOfRange, Source::kCore, 0x10000));
}

}  // namespace
}  // namespace svsm::vtpm
