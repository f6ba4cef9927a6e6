#include "svsm/evidence/vtpm_manifest.h"

#include <array>
#include <vector>

#include "svsm/evidence/tpm_public.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::IsStatus;
using testing::SameBytes;

class VtpmManifestTest : public ::testing::Test {
 protected:
  // The bytes of a list, whatever is in it.
  static ByteVector List(std::uint8_t version, std::uint8_t count,
                         const std::vector<ByteVector>& keys) {
    ByteVector out = {0, 0, 0, version, 0, 0, 0, count};
    for (const ByteVector& key : keys) out.insert(out.end(), key.begin(), key.end());
    return out;
  }
  Status Parsed(ByteView in) { return ParseVtpmManifestV1(in, slots_).status(); }

  const ByteVector ek_ = Vector("ek-rsa2048.pub");
  const ByteVector ak_ = Vector("ecdsa.ak");
  const ByteVector manifest_ = List(1, 2, {ek_, ak_});
  std::array<ByteView, kMaxManifestKeys> slots_;
  Bytes<2048> out_{};
};

TEST_F(VtpmManifestTest, BuildsAndReadsTheSameBytes) {
  const ByteView keys[] = {ek_, ak_};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, BuildVtpmManifestV1(keys, out_));
  EXPECT_THAT(built, SameBytes(manifest_));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto listed, ParseVtpmManifestV1(built, slots_));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_THAT(listed[0], SameBytes(ek_));
  EXPECT_THAT(listed[1], SameBytes(ak_));
}

TEST_F(VtpmManifestTest, RefusesEveryCutAndEveryTail) {
  for (std::size_t size = 0; size < manifest_.size(); ++size) {
    const Status status = Parsed(ByteView(manifest_).first(size));
    EXPECT_EQ(status.code(), Code::kTruncated) << size;
  }
  ByteVector longer = manifest_;
  longer.push_back(0);
  EXPECT_EQ(Parsed(longer),
            Status(Code::kMalformed, Source::kCore, static_cast<std::uint32_t>(manifest_.size())));
}

TEST_F(VtpmManifestTest, RefusesAnotherVersionOrNumberOfKeys) {
  EXPECT_EQ(Parsed(List(0, 2, {ek_, ak_})), Status(Code::kMalformed, Source::kCore, 0));
  EXPECT_EQ(Parsed(List(2, 2, {ek_, ak_})), Status(Code::kMalformed, Source::kCore, 0));
  EXPECT_EQ(Parsed(List(1, 0, {})), Status(Code::kMalformed, Source::kCore, 4));
  EXPECT_EQ(Parsed(List(1, 1, {ek_})), Status(Code::kMalformed, Source::kCore, 4));
  EXPECT_EQ(Parsed(List(1, 17, {ek_, ak_})), Status(Code::kMalformed, Source::kCore, 4));
  EXPECT_EQ(Parsed(List(1, 3, {ek_, ak_})).code(), Code::kTruncated);
  ByteVector huge = manifest_;
  huge[4] = 0x80;
  EXPECT_EQ(Parsed(huge), Status(Code::kMalformed, Source::kCore, 4));
}

TEST_F(VtpmManifestTest, RefusesWhatIsNoKeyAtItsOffset) {
  const auto second = static_cast<std::uint32_t>(8 + ek_.size());
  EXPECT_EQ(Parsed(List(1, 2, {ek_, ek_})), Status(Code::kMalformed, Source::kCore, second));
  ByteVector reserved = ak_;
  reserved[6] |= 0x80;  // a reserved attribute
  EXPECT_EQ(Parsed(List(1, 2, {ek_, reserved})),
            Status(Code::kMalformed, Source::kCore,
                   second + 2 + ParseTpmtPublic(Tpm2bContents(reserved)).status().detail()));
  EXPECT_EQ(Parsed(List(1, 2, {ek_, {0, 0}})), Status(Code::kTruncated, Source::kCore, second + 2));
  ByteVector unknown = ak_;
  unknown[3] = 0x08;  // TPM_ALG_KEYEDHASH
  EXPECT_EQ(Parsed(List(1, 2, {ek_, unknown})),
            Status(Code::kUnsupported, Source::kEvidence, 0x08));
}

TEST_F(VtpmManifestTest, NamesTheSlotsItNeeds) {
  EXPECT_THAT(ParseVtpmManifestV1(manifest_, std::span(slots_).first(1)),
              IsStatus(Code::kOutOfMemory, Source::kEvidence, 2));
}

TEST_F(VtpmManifestTest, BuildsNothingThatReadingRefuses) {
  const auto build = [&](std::vector<ByteView> keys) {
    return BuildVtpmManifestV1(keys, out_).status();
  };
  const ByteVector cut(ek_.begin(), ek_.end() - 1);
  EXPECT_EQ(build({ek_}), Status(Code::kOutOfRange, Source::kEvidence, 1));
  EXPECT_EQ(build(std::vector<ByteView>(17, ek_)),
            Status(Code::kOutOfRange, Source::kEvidence, 17));
  EXPECT_EQ(build({ek_, ek_}), Status(Code::kInvalidArgument, Source::kEvidence, 1));
  EXPECT_EQ(build({cut, ak_}), Status(Code::kInvalidArgument, Source::kEvidence, 0));
  EXPECT_EQ(build({ek_, Tpm2bContents(ak_)}), Status(Code::kInvalidArgument, Source::kEvidence, 1));
  const ByteView keys[] = {ek_, ak_};
  const auto needed = static_cast<std::uint32_t>(manifest_.size());
  EXPECT_EQ(BuildVtpmManifestV1(keys, ByteSpan(out_).first(needed - 1)).status().code(),
            Code::kBufferTooSmall);
  EXPECT_EQ(BuildVtpmManifestV1(keys, {}).status().detail(), needed);
}

}  // namespace
}  // namespace svsm::evidence
