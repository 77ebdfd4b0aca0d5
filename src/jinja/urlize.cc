// Addresses to links.
#include <algorithm>
#include <array>

#include "jinja/html.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

bool AllOf(std::string_view text, bool (*test)(char32_t)) {
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    if (!test(CodePointAt(text, i))) return false;
  }
  return true;
}

bool IsDomainLetter(char32_t c) { return IsWord(c) || c == U'%' || c == U'-'; }

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool StartsWith(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(),
                    [](char a, char b) { return a == Lower(b); });
}

std::vector<std::string_view> Labels(std::string_view host) {
  std::vector<std::string_view> labels;
  while (true) {
    const size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    host.remove_prefix(dot + 1);
  }
}

bool IsTopLevel(std::string_view label) {
  if (StartsWith(label, "xn--")) {
    const std::string_view rest = label.substr(4);
    const size_t length = CountCodePoints(rest);
    if (length >= 2 && length <= 59 &&
        AllOf(rest, [](char32_t c) { return IsWord(c) || c == U'%'; })) {
      return true;
    }
  }
  return label.size() >= 2 && label.size() <= 63 &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; });
}

// What may follow "https://" or "www.".
bool IsDomain(std::string_view host) {
  const std::vector<std::string_view> labels = Labels(host);
  for (size_t i = 0; i + 1 < labels.size(); ++i) {
    if (labels[i].empty() || !AllOf(labels[i], IsDomainLetter)) return false;
  }
  return IsTopLevel(labels.back());
}

// A domain without a scheme must end in one of the old top levels.
bool IsPlainDomain(std::string_view host) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "com", "net", "int", "edu", "gov", "org", "info", "mil"};
  const std::vector<std::string_view> labels = Labels(host);
  if (labels.size() < 2) return false;
  for (size_t i = 0; i + 1 < labels.size(); ++i) {
    const size_t length = CountCodePoints(labels[i]);
    if (length < 2 || length > 63 || !AllOf(labels[i], IsDomainLetter)) {
      return false;
    }
  }
  return std::any_of(kKnown.begin(), kKnown.end(),
                     [&labels](std::string_view known) {
                       return labels.back().size() == known.size() &&
                              StartsWith(labels.back(), known);
                     });
}

bool IsDigits(std::string_view text, size_t most) {
  return !text.empty() && CountCodePoints(text) <= most &&
         AllOf(text, [](char32_t c) { return DecimalValue(c) >= 0; });
}

bool IsAddress4(std::string_view host) {
  const std::vector<std::string_view> parts = Labels(host);
  return parts.size() == 4 &&
         std::all_of(parts.begin(), parts.end(),
                     [](std::string_view part) { return IsDigits(part, 3); });
}

// Between the brackets: two groups that end in a colon, then up to six.
bool IsAddress6(std::string_view text) {
  size_t groups = 0;
  size_t colons = 0;
  while (true) {
    const size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (!std::all_of(part.begin(), part.end(), [](char c) {
          return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'f');
        })) {
      return false;
    }
    if (colons < 2) {
      if (part.size() > 4 || colon == std::string_view::npos) return false;
    } else {
      groups += std::max<size_t>((part.size() + 3) / 4,
                                 colon == std::string_view::npos ? 0 : 1);
    }
    if (colon == std::string_view::npos) return groups <= 6;
    ++colons;
    text.remove_prefix(colon + 1);
  }
}

bool IsPortAndPath(std::string_view rest) {
  if (rest.starts_with(':')) {
    const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    if (!IsDigits(rest.substr(1, end - 1), 5)) return false;
    rest.remove_prefix(end);
  }
  return rest.empty() ||
         std::string_view("/?#").find(rest[0]) != std::string_view::npos;
}

bool IsWebAddress(std::string_view text) {
  const size_t scheme = StartsWith(text, "https://")  ? 8
                        : StartsWith(text, "http://") ? 7
                                                      : 0;
  std::string_view rest = text.substr(scheme);
  if (scheme > 0 && rest.starts_with('[')) {
    const size_t close = rest.find(']');
    return close != std::string_view::npos &&
           IsAddress6(rest.substr(1, close - 1)) &&
           IsPortAndPath(rest.substr(close + 1));
  }
  const size_t end = std::min(rest.find_first_of(":/?#"), rest.size());
  const std::string_view host = rest.substr(0, end);
  if (!IsPortAndPath(rest.substr(end))) return false;
  if (scheme > 0) return IsDomain(host) || IsAddress4(host);
  return (StartsWith(host, "www.") && IsDomain(host.substr(4))) ||
         IsPlainDomain(host);
}

bool IsMailAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view domain = text.substr(at + 1);
  const size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == domain.size()) {
    return false;
  }
  return IsWord(CodePointAt(domain, 0)) &&
         AllOf(domain.substr(dot + 1), IsWord) && AllOf(domain, [](char32_t c) {
           return IsWord(c) || c == U'.' || c == U'-';
         });
}

// The length of the run of MARKS at one end of TEXT.
template <size_t N>
size_t MarksAt(std::string_view text, bool front,
               const std::array<std::string_view, N>& marks) {
  size_t length = 0;
  while (true) {
    const std::string_view rest =
        front ? text.substr(length) : text.substr(0, text.size() - length);
    const auto mark = std::find_if(marks.begin(), marks.end(),
                                   [front, rest](std::string_view candidate) {
                                     return front ? rest.starts_with(candidate)
                                                  : rest.ends_with(candidate);
                                   });
    if (mark == marks.end()) return length;
    length += mark->size();
  }
}

class Word {
 public:
  Word(const Text& word, const LinkOptions& options)
      : word_(word), options_(options) {}

  void AppendTo(Text* out) {
    static constexpr std::array<std::string_view, 3> kOpen = {"(", "<", "&lt;"};
    static constexpr std::array<std::string_view, 6> kClose = {
        ")", ">", ".", ",", "\n", "&gt;"};
    const std::string_view bytes = word_.view();
    begin_ = MarksAt(bytes, true, kOpen);
    end_ = bytes.size() - MarksAt(bytes.substr(begin_), false, kClose);
    static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
        {"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (const auto& [open, close] : kPairs) Balance(open, close);
    out->Append(word_, 0, begin_);
    AppendMiddle(out);
    out->Append(word_, end_, bytes.size());
  }

 private:
  std::string_view middle() const {
    return word_.view().substr(begin_, end_ - begin_);
  }

  // Takes closing marks that the address itself opens back from the tail.
  void Balance(std::string_view open, std::string_view close) {
    const size_t opened = CountOccurrences(middle(), open);
    if (opened <= CountOccurrences(middle(), close)) return;
    const std::string_view tail = word_.view().substr(end_);
    const size_t moves = std::min(opened, CountOccurrences(tail, close));
    for (size_t i = 0; i < moves; ++i) {
      end_ = word_.view().find(close, end_) + close.size();
    }
  }

  void Link(std::string_view prefix, size_t skip, bool attributes, bool trim,
            Text* out) const {
    out->Append("<a href=\"", kTemplateOrigin);
    out->Append(prefix, kTemplateOrigin);
    out->Append(word_, begin_, end_);
    out->Append("\"", kTemplateOrigin);
    if (attributes) {
      Attribute(" rel=\"", options_.rel, out);
      Attribute(" target=\"", options_.target, out);
    }
    out->Append(">", kTemplateOrigin);
    const std::string_view shown = middle().substr(skip);
    const size_t most =
        static_cast<size_t>(std::max<int64_t>(options_.trim, 0));
    if (trim && options_.trim >= 0 && CountCodePoints(shown) > most) {
      const size_t cut = begin_ + skip + ByteOfCodePoint(shown, most);
      out->Append(word_, begin_ + skip, cut);
      out->Append("...", kTemplateOrigin);
    } else {
      out->Append(word_, begin_ + skip, end_);
    }
    out->Append("</a>", kTemplateOrigin);
  }

  static void Attribute(std::string_view open, const Text& value, Text* out) {
    if (value.empty()) return;
    out->Append(open, kTemplateOrigin);
    out->Append(value);
    out->Append("\"", kTemplateOrigin);
  }

  void AppendMiddle(Text* out) const {
    const std::string_view text = middle();
    if (IsWebAddress(text)) {
      const bool has_scheme =
          text.starts_with("https://") || text.starts_with("http://");
      Link(has_scheme ? "" : "https://", 0, true, true, out);
    } else if (text.starts_with("mailto:") && IsMailAddress(text.substr(7))) {
      Link("", 7, false, false, out);
    } else if (text.find('@') != std::string_view::npos &&
               !text.starts_with("www.") && !text.starts_with('@') &&
               text.find(':') == std::string_view::npos &&
               IsMailAddress(text)) {
      Link("mailto:", 0, false, false, out);
    } else if (std::any_of(options_.schemes.begin(), options_.schemes.end(),
                           [text](const Text& scheme) {
                             return text != scheme.view() &&
                                    text.starts_with(scheme.view());
                           })) {
      Link("", 0, true, false, out);
    } else {
      out->Append(word_, begin_, end_);
    }
  }

  const Text& word_;
  const LinkOptions& options_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace

Text MakeLinks(const Text& text, const LinkOptions& options) {
  const std::string_view bytes = text.view();
  Text out(std::string(), text.origin());
  for (size_t i = 0; i < bytes.size();) {
    size_t end = i;
    const bool space = IsSpace(CodePointAt(bytes, i));
    while (end < bytes.size() && IsSpace(CodePointAt(bytes, end)) == space) {
      end = NextCodePoint(bytes, end);
    }
    if (space) {
      out.Append(text, i, end);
    } else {
      const Text word = text.Slice(i, end);
      Word(word, options).AppendTo(&out);
    }
    i = end;
  }
  return out;
}

}  // namespace fullstop::jinja
