#include "src/sim/x509.h"

#include <algorithm>
#include <cstdlib>

#include "tests/sim/support.h"

namespace svsm::sim::x509 {
namespace {

using testing::BytesAre;

bool Contains(ByteView haystack, ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) !=
         haystack.end();
}

ByteVector Recorded(const std::string& name) {
  const char* const folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr) return {};
  const Result<ByteVector> bytes = ReadFile(std::string(folder) + "/snp/" + name);
  return bytes.ok() ? *bytes : ByteVector();
}

// The whole list of extensions stands, byte for byte, in the certificate that AMD issued for the
// chip and TCB of the recorded report.
void ExpectAmdsExtensions(const ProductLine& line, const std::string& folder) {
  const ByteVector report = Recorded(folder + "/report.bin");
  const ByteVector vcek = Recorded(folder + "/vcek.der");
  if (report.empty() || vcek.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no " << folder;
  snp::RawTcb reported{};
  Copy(reported, ByteView(report).subspan(0x180, reported.size()));
  const ByteView hwid = ByteView(report).subspan(0x1A0, line.hwid_size);
  EXPECT_TRUE(Contains(vcek, VcekExtensions(line, hwid, reported)));
  EXPECT_EQ(report[0x188], line.family);
  EXPECT_EQ(report[0x189], line.model);
}

TEST(VcekExtensions, AreAmdsForMilan) { ExpectAmdsExtensions(kMilan, "milan-v3"); }
TEST(VcekExtensions, AreAmdsForTurin) { ExpectAmdsExtensions(kTurin, "turin-v5"); }

TEST(VcekExtensions, GenoaDiffersFromMilanInItsName) {
  const Bytes<64> hwid{};
  const snp::RawTcb tcb{};
  const ByteVector extensions = VcekExtensions(kGenoa, hwid, tcb);
  EXPECT_TRUE(Contains(extensions, AsBytes("\x16\x05Genoa")));
  EXPECT_FALSE(Contains(extensions, AsBytes("Milan")));
}

TEST(EcSpki, IsAnUncompressedP384Point) {
  const Bytes<48> x = {0xAA};
  const Bytes<48> y = {0xBB};
  const ByteVector spki = EcSpki({x, y});
  EXPECT_EQ(spki.size(), 120u);
  EXPECT_THAT(ByteView(spki).first(25), BytesAre("3076301006072a8648ce3d020106052b81040022036200"
                                                 "04aa"));
  EXPECT_EQ(spki[72], 0xBB);
}

}  // namespace
}  // namespace svsm::sim::x509
