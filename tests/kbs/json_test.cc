#include "svsm/kbs/json.h"

#include <string>
#include <string_view>

#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

Status Skipped(std::string_view text) {
  JsonReader json(AsBytes(text));
  json.Skip();
  return json.Finish();
}

std::string Nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string Object(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) {
    text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  }
  return text + "}";
}

TEST(JsonReaderTest, TakesWhatRfc8259Takes) {
  for (const std::string_view text :
       {"null", " true\r\n", "\t[]", "{}", "-0", "0.5", "1e9", "-12.25E-03", "1E+0", R"("")",
        R"({"a":[1,{"b":null}],"c":"\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00"})", "\"\xc3\xa4\"",
        "\"\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\"", R"({"a":{"x":1},"b":{"x":1}})",
        R"([{"a":1},{"a":1}])"}) {
    EXPECT_THAT(Skipped(text), IsOk()) << text;
  }
}

TEST(JsonReaderTest, RefusesWhatItDoesNotTake) {
  const struct {
    std::string_view text;
    Code code;
    std::size_t offset;
  } kCases[] = {
      {R"({"a":1,})", Code::kMalformed, 7},
      {R"({"a":1 "b":2})", Code::kMalformed, 7},
      {"[1,,2]", Code::kMalformed, 3},
      {"[1,]", Code::kMalformed, 3},
      {"[,1]", Code::kMalformed, 1},
      {R"({"a":1}{"b":2})", Code::kMalformed, 7},
      {R"({,"a":1})", Code::kMalformed, 1},
      {R"({"a"})", Code::kMalformed, 4},
      {R"({"a":})", Code::kMalformed, 5},
      {R"({a:1})", Code::kMalformed, 1},
      {R"({"a":1])", Code::kMalformed, 6},
      {R"(["a"})", Code::kMalformed, 4},
      {"nulL", Code::kMalformed, 3},
      {"tru", Code::kTruncated, 3},
      {"// x\n1", Code::kMalformed, 0},
      {"\xef\xbb\xbf{}", Code::kMalformed, 0},
      {"", Code::kTruncated, 0},
      {" ", Code::kTruncated, 1},
      {"{", Code::kTruncated, 1},
      {R"({"a":1)", Code::kTruncated, 6},
      {R"({"a":1,)", Code::kTruncated, 7},
      {R"("a)", Code::kTruncated, 2},
      {"\"a\n\"", Code::kMalformed, 2},
      {"01", Code::kMalformed, 1},
      {"+1", Code::kMalformed, 0},
      {".5", Code::kMalformed, 0},
      {"1.", Code::kTruncated, 2},
      {"1.e1", Code::kMalformed, 2},
      {"-", Code::kTruncated, 1},
      {"1e", Code::kTruncated, 2},
      {"0x10", Code::kMalformed, 1},
      {R"("\x")", Code::kMalformed, 2},
      {R"("\u12g4")", Code::kMalformed, 5},
      {R"("\ud800")", Code::kMalformed, 7},
      {R"("\udc00")", Code::kMalformed, 7},
      {R"("\ud800\u0041")", Code::kMalformed, 13},
      {"\"\x80\"", Code::kMalformed, 1},
      {"\"\xc0\x80\"", Code::kMalformed, 1},
      {"\"\xe0\x80\x80\"", Code::kMalformed, 2},
      {"\"\xed\xa0\x80\"", Code::kMalformed, 2},
      {"\"\xf4\x90\x80\x80\"", Code::kMalformed, 2},
      {"\"\xf5\x80\x80\x80\"", Code::kMalformed, 1},
      {"\"\xe2\x82", Code::kTruncated, 3},
      {R"({"\u0061":1})", Code::kUnsupported, 2},
      {"{\"\xc3\xa4\":1}", Code::kUnsupported, 2},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Skipped(c.text), IsStatus(c.code, Source::kKbs, c.offset)) << c.text;
  }
}

TEST(JsonReaderTest, RefusesMembersNamedTwice) {
  for (const std::string_view text :
       {R"({"a":1,"a":1})", R"({"a":1,"b":{"a":1},"a":2})", R"([{"x":{"k":1,"j":[],"k":2}}])"}) {
    EXPECT_THAT(Skipped(text),
                IsStatus(Code::kMalformed, Source::kKbs, text.rfind("\"", text.rfind(':') - 2)))
        << text;
  }
}

TEST(JsonReaderTest, HoldsItsLimits) {
  EXPECT_THAT(Skipped(Nested(kMaxJsonDepth)), IsOk());
  EXPECT_THAT(Skipped(Nested(kMaxJsonDepth + 1)),
              IsStatus(Code::kOutOfRange, Source::kKbs, kMaxJsonDepth));
  EXPECT_THAT(Skipped(Object(kMaxJsonMembers)), IsOk());
  EXPECT_THAT(Skipped(Object(kMaxJsonMembers + 1)),
              IsStatus(Code::kOutOfRange, Source::kKbs, Object(kMaxJsonMembers).size()));
  const std::string many = "[" + Object(kMaxJsonMembers) + "," + Object(kMaxJsonMembers) + "]";
  EXPECT_THAT(Skipped(many), IsOk());
  EXPECT_THAT(Skipped(std::string(kMaxJsonSize - 1, ' ') + "1"), IsOk());
  EXPECT_THAT(Skipped(std::string(kMaxJsonSize, ' ') + "1"),
              IsStatus(Code::kOutOfRange, Source::kKbs, kMaxJsonSize));
}

TEST(JsonReaderTest, ReadsAShape) {
  const std::string_view text =
      R"({ "name" : "snp", "list":[ 1 ,18446744073709551615], "yes":true, "no":false,"none":null})";
  JsonReader json(AsBytes(text));
  json.BeginObject();
  ByteView name;
  ASSERT_TRUE(json.NextMember(name));
  EXPECT_TRUE(TextIs(name, "name"));
  EXPECT_FALSE(json.TakeNull());
  EXPECT_EQ(json.Peek(), JsonReader::Type::kString);
  EXPECT_TRUE(TextIs(json.String(), "snp"));
  ASSERT_TRUE(json.NextMember(name));
  json.BeginArray();
  ASSERT_TRUE(json.NextElement());
  EXPECT_EQ(json.Unsigned(), 1u);
  ASSERT_TRUE(json.NextElement());
  EXPECT_EQ(json.Unsigned(), UINT64_MAX);
  EXPECT_FALSE(json.NextElement());
  ASSERT_TRUE(json.NextMember(name));
  EXPECT_TRUE(json.Bool());
  ASSERT_TRUE(json.NextMember(name));
  EXPECT_FALSE(json.Bool());
  ASSERT_TRUE(json.NextMember(name));
  EXPECT_TRUE(TextIs(name, "none"));
  EXPECT_TRUE(json.TakeNull());
  EXPECT_FALSE(json.NextMember(name));
  EXPECT_THAT(json.Finish(), IsOk());
}

TEST(JsonReaderTest, OtherTypesThanAskedForFailForGood) {
  const auto malformed = IsStatus(Code::kMalformed, Source::kKbs, 0);
  JsonReader text(AsBytes("1"));
  EXPECT_TRUE(text.String().empty());
  EXPECT_THAT(text.Finish(), malformed);
  JsonReader number(AsBytes("true"));
  EXPECT_EQ(number.Unsigned(), 0u);
  EXPECT_EQ(number.Peek(), JsonReader::Type::kNone);
  EXPECT_FALSE(number.Bool());
  EXPECT_THAT(number.Finish(), malformed);
  JsonReader object(AsBytes("[]"));
  object.BeginObject();
  ByteView name;
  EXPECT_FALSE(object.NextMember(name));
  EXPECT_THAT(object.Finish(), malformed);
  JsonReader array(AsBytes("{}"));
  array.BeginArray();
  EXPECT_FALSE(array.NextElement());
  EXPECT_THAT(array.Finish(), malformed);
  JsonReader negative(AsBytes("-1"));
  EXPECT_EQ(negative.Unsigned(), 0u);
  EXPECT_THAT(negative.Finish(), malformed);
  JsonReader boolean(AsBytes("null"));
  EXPECT_FALSE(boolean.Bool());
  EXPECT_THAT(boolean.Finish(), malformed);
}

TEST(JsonReaderTest, NumbersAndStringsHaveOneForm) {
  JsonReader large(AsBytes("18446744073709551616"));
  EXPECT_EQ(large.Unsigned(), 0u);
  EXPECT_THAT(large.Finish(), IsStatus(Code::kOutOfRange, Source::kKbs, 0));
  JsonReader zeros(AsBytes("007"));
  EXPECT_EQ(zeros.Unsigned(), 0u);
  EXPECT_THAT(zeros.Finish(), IsStatus(Code::kMalformed, Source::kKbs, 1));
  JsonReader fraction(AsBytes("1.0"));
  EXPECT_EQ(fraction.Unsigned(), 1u);
  EXPECT_THAT(fraction.Finish(), IsStatus(Code::kMalformed, Source::kKbs, 1));
  JsonReader escaped(AsBytes(R"("a\/b")"));
  EXPECT_TRUE(escaped.String().empty());
  EXPECT_THAT(escaped.Finish(), IsStatus(Code::kUnsupported, Source::kKbs, 2));
}

TEST(JsonReaderTest, TakesBytesAsFarAsTheyAreSpelledPlainly) {
  const struct {
    std::string_view text;
    std::size_t count;
    Status status;
  } kCases[] = {
      {"[]", 0, OkStatus()},
      {"[0,9,10,255]", 4, OkStatus()},
      {"[1,2,3,4,5,6]", 4, OkStatus()},
      {"[1,2 ,3]", 1, OkStatus()},
      {"[ 1,2]", 0, OkStatus()},
      {"[1,256,3]", 1, OkStatus()},
      {"[1,4294967297]", 1, OkStatus()},
      {"[1,null,[2]]", 1, OkStatus()},
      {"[1,2.5]", 1, OkStatus()},
      {"[1,2e3,-1]", 1, OkStatus()},
      {"[1,02]", 1, Status(Code::kMalformed, Source::kKbs, 4)},
      {"[1,]", 1, Status(Code::kMalformed, Source::kKbs, 3)},
      {"[1,,2]", 1, Status(Code::kMalformed, Source::kKbs, 3)},
      {"[1}", 0, Status(Code::kMalformed, Source::kKbs, 2)},
      {"[1,2", 1, Status(Code::kTruncated, Source::kKbs, 4)},
      {"[", 0, Status(Code::kTruncated, Source::kKbs, 1)},
      {"{}", 0, Status(Code::kMalformed, Source::kKbs, 0)},
  };
  for (const auto& c : kCases) {
    JsonReader json(AsBytes(c.text));
    Bytes<4> out{};
    json.BeginArray();
    EXPECT_EQ(json.TakeBytes(out), c.count) << c.text;
    while (json.NextElement()) json.Skip();
    EXPECT_EQ(json.Finish(), c.status) << c.text;
  }
}

TEST(JsonReaderTest, RawGivesTheTextOfAValue) {
  JsonReader json(AsBytes(R"([ {"a":[1, 2]} , "x"])"));
  json.BeginArray();
  ASSERT_TRUE(json.NextElement());
  EXPECT_THAT(json.Raw(), SameBytes(AsBytes(R"({"a":[1, 2]})")));
  ASSERT_TRUE(json.NextElement());
  EXPECT_THAT(json.Raw(), SameBytes(AsBytes(R"("x")")));
  EXPECT_FALSE(json.NextElement());
  EXPECT_THAT(json.Finish(), IsOk());
  JsonReader bad(AsBytes("[1,]"));
  EXPECT_TRUE(bad.Raw().empty());
  EXPECT_THAT(bad.Finish(), IsStatus(Code::kMalformed, Source::kKbs, 3));
}

TEST(JsonReaderTest, TheFirstFailureStands) {
  JsonReader json(AsBytes("{\"a\":1}"));
  json.BeginObject();
  ByteView name;
  ASSERT_TRUE(json.NextMember(name));
  json.Fail(Code::kUnsupported);
  json.Fail(Code::kMalformed);
  EXPECT_FALSE(json.ok());
  EXPECT_THAT(json.Finish(), IsStatus(Code::kUnsupported, Source::kKbs, 5));
}

TEST(JsonWriterTest, WritesCompactText) {
  Bytes<128> buffer{};
  JsonWriter json(buffer);
  json.BeginObject();
  json.Key("a");
  json.BeginArray();
  json.Unsigned(0);
  json.Unsigned(UINT64_MAX);
  json.BeginObject();
  json.EndObject();
  json.EndArray();
  json.Key("b");
  json.Encoded(Base64::kStandard, Ascii("foobars"));
  json.Key("c");
  json.Encoded(Base64::kUrl, Ascii("fo"));
  json.Key("d");
  json.Bool(true);
  json.Key("e");
  json.Bool(false);
  json.Key("f");
  json.Null();
  json.Key("g");
  json.Raw(Ascii("[1]"));
  json.EndObject();
  const std::string_view expected =
      R"({"a":[0,18446744073709551615,{}],"b":"Zm9vYmFycw==","c":"Zm8","d":true,"e":false,"f":null,"g":[1]})";
  EXPECT_THAT(json.Finish(), IsOkAnd(SameBytes(AsBytes(expected))));
}

TEST(JsonWriterTest, SaysWhatIsNeededAndRefusesEscapes) {
  JsonWriter counted({});
  counted.String("abc");
  EXPECT_THAT(counted.Finish(), IsStatus(Code::kBufferTooSmall, Source::kKbs, 5));
  for (const std::string_view text : {"a\"", "\\", "\n", "\x7f", "\xc3\xa4"}) {
    Bytes<16> buffer{};
    JsonWriter json(buffer);
    json.String(AsBytes(text));
    EXPECT_THAT(json.Finish(), IsStatus(Code::kInvalidArgument, Source::kKbs));
  }
}

TEST(JsonStringTest, EscapesComeAndGo) {
  const struct {
    std::string_view string;
    std::string_view text;
  } kCases[] = {
      {R"("")", ""},
      {R"("plain ä")", "plain ä"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e4\u20AC\uD83D\uDE00.")", "Aä€😀."},
  };
  for (const auto& c : kCases) {
    JsonReader json(AsBytes(c.string));
    const ByteView string = json.RawString();
    ASSERT_THAT(json.Finish(), IsOk());
    ByteVector out(c.text.size());
    EXPECT_THAT(UnescapeString(string, out), IsOkAnd(SameBytes(AsBytes(c.text)))) << c.string;
  }
  JsonReader json(AsBytes("1"));
  EXPECT_TRUE(json.RawString().empty());
  EXPECT_THAT(json.Finish(), IsStatus(Code::kMalformed, Source::kKbs, 0));
  ByteVector out(2);
  EXPECT_THAT(UnescapeString(AsBytes(R"("\nab")"), out),
              IsStatus(Code::kBufferTooSmall, Source::kKbs, 3));
}

TEST(JsonWriterTest, EscapesWhatItMust) {
  ByteVector out(100);
  JsonWriter json(out);
  json.Escaped(AsBytes(std::string_view("\"\\/ä\b\f\n\r\t\v\0\x1f", 13)));
  EXPECT_THAT(json.Finish(),
              IsOkAnd(SameBytes(AsBytes(R"("\"\\/ä\b\f\n\r\t\u000b\u0000\u001f")"))));
}

}  // namespace
}  // namespace svsm::kbs
