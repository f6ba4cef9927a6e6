#include "tools/svsm-verify/html.h"

#include <fmt/format.h>

#include <string_view>

#include "tools/common/markup.h"

namespace svsm::verify {
namespace {

using tool::EscapeMarkup;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d1f21;--dim:#5d6166;--card:#fff;--line:#d9dbde;
--good:#17693a;--bad:#a61b1b;--open:#7a5200}
@media(prefers-color-scheme:dark){:root{--bg:#16181a;--fg:#e7e8ea;--dim:#a2a7ad;--card:#1f2225;
--line:#3a3f44;--good:#6fcf97;--bad:#ff8a80;--open:#f0c060}}
body{background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:52rem;padding:1.5rem}
h1{margin:0 0 .25rem}h2{font-size:1.05rem;margin:0}
ol{list-style:none;margin:1.5rem 0;padding:0}
li.link{background:var(--card);border:1px solid var(--line);border-left:.4rem solid var(--dim);
border-radius:.4rem;margin:0 0 .8rem;padding:.8rem 1rem}
.trusted,.holds .state{color:var(--good)}.refused,.broken .state,.wrong{color:var(--bad)}
.open .state,.left{color:var(--open)}.unfounded .state,.not-reached .state,dt{color:var(--dim)}
li.holds{border-left-color:var(--good)}li.broken{border-left-color:var(--bad)}
li.open{border-left-color:var(--open)}
.state{font-weight:600}p{margin:.25rem 0}
dl{display:grid;gap:.1rem 1rem;grid-template-columns:max-content 1fr;margin:.5rem 0 0}
dd{font-family:ui-monospace,monospace;font-size:.85rem;margin:0;overflow-wrap:anywhere}
@media(max-width:36rem){dl{grid-template-columns:1fr}}
)css";

std::string ToHtml(const Link& link, std::size_t number) {
  std::string out = fmt::format(
      "<li class=\"link {}\">\n<h2>{}. {}: <span class=\"state\">{}</span></h2>\n",
      LinkStateId(link.state), number, EscapeMarkup(link.title), LinkStateText(link.state));
  out += fmt::format("<p>Proves: {}.</p>\n<p>To whom: {}.</p>\n", EscapeMarkup(link.proves),
                     EscapeMarkup(link.to_whom));
  for (const OneRefusal& refusal : link.refusals) {
    out += fmt::format("<p class=\"wrong\">Refused ({}): found {}; wanted {}.</p>\n",
                       EscapeMarkup(refusal.reason), EscapeMarkup(refusal.found),
                       EscapeMarkup(refusal.wanted));
  }
  for (const std::string& aspect : link.not_judged) {
    out += fmt::format("<p class=\"left\">Not judged: {}.</p>\n", EscapeMarkup(aspect));
  }
  if (!link.found.empty()) {
    out += "<dl>\n";
    for (const auto& [name, value] : link.found) {
      out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", EscapeMarkup(name), EscapeMarkup(value));
    }
    out += "</dl>\n";
  }
  return out + "</li>\n";
}

}  // namespace

std::string ToHtml(const Outcome& outcome) {
  const char* verdict = outcome.trusted() ? "trusted" : "refused";
  const char* heading = outcome.trusted() ? "Trusted" : "Refused";
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">\n"
      "<title>{0}: SEV-SNP attestation</title>\n<style>{1}</style>\n</head>\n<body>\n<main>\n"
      "<h1 class=\"{2}\">{0}</h1>\n",
      heading, kStyle, verdict);
  out +=
      outcome.trusted()
          ? "<p>Nothing in this chain was refused. What was not judged is said at its link.</p>\n"
          : fmt::format("<p>Refused for {} reason{}, each at the link that it breaks.</p>\n",
                        outcome.refusals.size(), outcome.refusals.size() == 1 ? "" : "s");
  out += "<ol>\n";
  std::size_t number = 0;
  for (const Link& link : outcome.chain) out += ToHtml(link, ++number);
  return out + "</ol>\n</main>\n</body>\n</html>\n";
}

}  // namespace svsm::verify
