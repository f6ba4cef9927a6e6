#include "tools/common/markup.h"

#include <gtest/gtest.h>

#include <string>

namespace svsm::tool {
namespace {

TEST(EscapeMarkup, LeavesNothingThatMarksUp) {
  EXPECT_EQ(EscapeMarkup("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  EXPECT_EQ(EscapeMarkup("&lt;"), "&amp;lt;");
  EXPECT_EQ(EscapeMarkup(""), "");
}

TEST(EscapeMarkup, ReplacesControlsAndKeepsTheRest) {
  EXPECT_EQ(EscapeMarkup(std::string("a\0b\n\x7f", 5)), "a&#xFFFD;b&#xFFFD;&#xFFFD;");
  EXPECT_EQ(EscapeMarkup("\u00e9"), "\u00e9");
}

}  // namespace
}  // namespace svsm::tool
