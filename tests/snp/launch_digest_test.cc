#include "svsm/snp/launch_digest.h"

#include <sstream>
#include <string>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/vector_file.h"

namespace svsm::snp {
namespace {

using snp::testing::ReadVectorFile;
using snp::testing::VectorStream;
using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

ByteVector PageOf(const std::string& fill) {
  ByteVector page(kPageSize, 0);
  std::string lgtm;
  for (int i = 0; i < 4; ++i) lgtm += "LGTM";
  if (fill == "lgtm-first") {
    Copy(page, AsBytes(lgtm));
  } else if (fill == "lgtm-last") {
    Copy(ByteSpan(page).last(16), AsBytes(lgtm));
  } else if (fill != "zero") {
    page = VectorStream(fill, kPageSize);
  }
  return page;
}

TEST(LaunchDigestTest, ChainsOfTheGenerator) {
  const auto records = ReadVectorFile("launch_digests.txt");
  ASSERT_EQ(records.size(), 4u);
  for (const auto& record : records) {
    SCOPED_TRACE(record.Text("name"));
    LaunchDigest digest(Sha384());
    for (const std::string& line : record.All("page")) {
      std::istringstream in(line);
      unsigned type, imi, vmpl1, vmpl2, vmpl3;
      std::uint64_t gpa;
      std::string fill, expected;
      in >> type >> std::hex >> gpa >> std::dec >> fill >> imi >> vmpl1 >> vmpl2 >> vmpl3 >>
          expected;
      PageAttributes attributes;
      attributes.imi = imi != 0;
      attributes.vmpl1_permissions = static_cast<std::uint8_t>(vmpl1);
      attributes.vmpl2_permissions = static_cast<std::uint8_t>(vmpl2);
      attributes.vmpl3_permissions = static_cast<std::uint8_t>(vmpl3);
      const auto page_type = static_cast<PageType>(type);
      if (fill == "-") {
        EXPECT_THAT(digest.AddPage(page_type, Gpa(gpa), attributes), IsOk());
      } else {
        EXPECT_THAT(digest.AddMeasuredPage(page_type, Gpa(gpa), PageOf(fill), attributes), IsOk());
      }
      EXPECT_THAT(digest.value(), BytesAre(expected));
    }
    EXPECT_THAT(digest.value(), BytesAre(record.Text("digest")));
  }
}

TEST(LaunchDigestTest, ShortFormsHaveNoAttributes) {
  const ByteVector page = PageOf("vmsa");
  LaunchDigest a(Sha384());
  ASSERT_THAT(a.AddNormalPage(Gpa(0x1000), FixedView<kPageSize>(page)), IsOk());
  ASSERT_THAT(a.AddPage(PageType::kSecrets, Gpa(0x2000)), IsOk());
  ASSERT_THAT(a.AddVmsa(kKvmVmsaGpa, FixedView<kPageSize>(page)), IsOk());
  LaunchDigest b(Sha384());
  const PageAttributes none;
  ASSERT_THAT(b.AddMeasuredPage(PageType::kNormal, Gpa(0x1000), page, none), IsOk());
  ASSERT_THAT(b.AddPage(PageType::kSecrets, Gpa(0x2000), none), IsOk());
  ASSERT_THAT(b.AddMeasuredPage(PageType::kVmsa, Gpa(0xFFFFFFFFF000), page, none), IsOk());
  EXPECT_EQ(a.value(), b.value());
}

TEST(LaunchDigestTest, OrderMatters) {
  LaunchDigest a(Sha384());
  ASSERT_THAT(a.AddPage(PageType::kSecrets, Gpa(0x1000)), IsOk());
  ASSERT_THAT(a.AddPage(PageType::kCpuid, Gpa(0x2000)), IsOk());
  LaunchDigest b(Sha384());
  ASSERT_THAT(b.AddPage(PageType::kCpuid, Gpa(0x2000)), IsOk());
  ASSERT_THAT(b.AddPage(PageType::kSecrets, Gpa(0x1000)), IsOk());
  EXPECT_NE(a.value(), b.value());
}

TEST(LaunchDigestTest, WrongCallsChangeNothing) {
  LaunchDigest digest(Sha384());
  const ByteVector page(kPageSize, 7);
  const PageAttributes none;
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  for (const PageType type : {PageType::kZero, PageType::kUnmeasured, PageType::kSecrets,
                              PageType::kCpuid, static_cast<PageType>(0)}) {
    EXPECT_THAT(digest.AddMeasuredPage(type, Gpa(0), page, none), refused);
  }
  for (const PageType type :
       {PageType::kNormal, PageType::kVmsa, static_cast<PageType>(0), static_cast<PageType>(7)}) {
    EXPECT_THAT(digest.AddPage(type, Gpa(0), none), refused);
  }
  EXPECT_THAT(digest.AddMeasuredPage(PageType::kNormal, Gpa(0), ByteView(page).first(4095), none),
              refused);
  EXPECT_THAT(digest.AddMeasuredPage(PageType::kNormal, Gpa(0x1001), page, none), refused);
  EXPECT_THAT(digest.AddPage(PageType::kZero, Gpa(0x800), none), refused);
  EXPECT_TRUE(IsZero(digest.value()));
}

class FailingHash final : public crypto::Hash {
 public:
  crypto::HashAlg algorithm() const override { return crypto::HashAlg::kSha384; }
  Status Digest(std::span<const ByteView>, ByteSpan) const override {
    return Status(Code::kInternal, Source::kOpenssl, 5);
  }
};

TEST(LaunchDigestTest, AFailingHashChangesNothing) {
  const FailingHash hash;
  LaunchDigest digest(hash);
  const ByteVector page(kPageSize, 7);
  EXPECT_THAT(digest.AddNormalPage(Gpa(0), FixedView<kPageSize>(page)),
              IsStatus(Code::kInternal, Source::kOpenssl, 5));
  EXPECT_THAT(digest.AddPage(PageType::kZero, Gpa(0)),
              IsStatus(Code::kInternal, Source::kOpenssl, 5));
  EXPECT_TRUE(IsZero(digest.value()));
}

TEST(LaunchDigestDeathTest, WantsSha384) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  EXPECT_DEATH(LaunchDigest digest(sha256), "check failed");
}

}  // namespace
}  // namespace svsm::snp
