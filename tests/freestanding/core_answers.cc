// Byte order, cursors and copies, compiled as firmware compiles them.
#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/reader.h"
#include "svsm/core/wire.h"
#include "svsm/core/writer.h"
#include "tests/freestanding/answers.h"

namespace svsm::answers {
namespace {

constexpr Bytes<14> kMixed = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                              0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e};

void Cursors(Tally& tally) {
  wire::Reader reader(kMixed);
  tally.Check("reader: u8", reader.U8() == 0x01);
  tally.Check("reader: le16", reader.Le16() == 0x0302);
  tally.Check("reader: be16", reader.Be16() == 0x0405);
  tally.Check("reader: le64", reader.Le64() == 0x0d0c0b0a09080706);
  tally.Is("reader: trailing byte", reader.Finish(), Status(Code::kMalformed, Source::kCore, 13));
  tally.Check("reader: past the end", reader.Be32() == 0);
  tally.Is("reader: truncated", reader.Finish(), Status(Code::kTruncated, Source::kCore, 13));
}

void Layouts(Tally& tally) {
  // RFC 4122's name space identifier for DNS; the first three groups swap in the mixed order.
  constexpr Guid kDns = Guid::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  constexpr Bytes<16> kDnsMixed = {0x10, 0xb8, 0xa7, 0x6b, 0xad, 0x9d, 0xd1, 0x11,
                                   0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  tally.Equal("guid: mixed-endian", kDns.mixed_endian(), kDnsMixed);
  tally.Check("guid: back", Guid::FromMixedEndian(kDnsMixed) == kDns);
  const wire::Be32 big(0x01020304);
  tally.Check("wire: be32", big.get() == 0x01020304);
}

void Copies(Tally& tally) {
  Bytes<14> bytes = kMixed;
  Copy(ByteSpan(bytes).subspan(2, 8), ByteView(bytes).first(8));
  constexpr Bytes<14> kUp = {1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14};
  tally.Equal("copy: overlap upwards", bytes, kUp);
  Copy(ByteSpan(bytes).first(8), ByteView(bytes).subspan(2, 8));
  constexpr Bytes<14> kDown = {1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 11, 12, 13, 14};
  tally.Equal("copy: overlap downwards", bytes, kDown);
  tally.Check("compare: equal", ConstantTimeEqual(bytes, kDown));
  tally.Check("compare: last byte differs",
              !ConstantTimeEqual(ByteView(bytes).first(8), ByteView(kUp).first(8)));
  Wipe(bytes);
  tally.Check("wipe", IsZero(bytes));
}

}  // namespace

void Run_core(Tally& tally);
void Run_core(Tally& tally) {
  Cursors(tally);
  Layouts(tally);
  Copies(tally);
}

}  // namespace svsm::answers
