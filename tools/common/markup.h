// tools/common/markup.h: text from outside in HTML and SVG.
#ifndef SVSM_TOOLS_COMMON_MARKUP_H_
#define SVSM_TOOLS_COMMON_MARKUP_H_

#include <string>
#include <string_view>

namespace svsm::tool {

// `text` for an element or a quoted attribute. Controls, which neither allows, become U+FFFD.
std::string EscapeMarkup(std::string_view text);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_COMMON_MARKUP_H_
