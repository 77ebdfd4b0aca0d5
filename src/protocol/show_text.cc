#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/printable.h"
#include "base/utf8.h"
#include "protocol/show.h"

namespace fullstop {
namespace {

constexpr size_t kLabelWidth = 11;

// Columns that a printable text takes.
size_t Width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    width += static_cast<size_t>(
        utf8proc_charwidth(static_cast<utf8proc_int32_t>(point.value)));
    text.remove_prefix(point.length);
  }
  return width;
}

std::string Pad(std::string text, size_t width) {
  const size_t taken = Width(text);
  if (taken < width) text.append(width - taken, ' ');
  return text;
}

std::string_view RoleInWords(StopRole role) {
  switch (role) {
    case StopRole::kTurnEnd:
      return "ends the turn";
    case StopRole::kSequenceEnd:
      return "ends the sequence";
    case StopRole::kToolCall:
      return "ends a call";
    case StopRole::kSection:
      return "ends an answer";
    case StopRole::kTurnOpen:
      return "opens another turn";
  }
  return "";
}

class Printer {
 public:
  Printer(const ProtocolFacts& facts, bool colour)
      : facts_(facts), colour_(colour) {}

  std::string Print() {
    PrintStops();
    Line("begins with", Begin());
    if (facts_.reasoning.closing) Line("thought", Thought());
    if (facts_.tool_calls.opening) {
      Line("call",
           Between(facts_.tool_calls.opening, facts_.tool_calls.closing));
    }
    if (!facts_.sampling.empty()) Line("sampling", Sampling());
    Line("template", Templates());
    Line("tokens", Specials());
    Line("hash", facts_.hash);
    for (const Finding& finding : facts_.findings) {
      text_ += Paint("33", "note") + "        " + Printable(finding.message) +
               Dim(" [" + FirstLine(finding.evidence) + "]") + "\n";
    }
    return std::move(text_);
  }

 private:
  std::string Paint(std::string_view code, const std::string& text) const {
    if (!colour_) return text;
    return "\x1b[" + std::string(code) + "m" + text + "\x1b[0m";
  }
  std::string Dim(const std::string& text) const { return Paint("2", text); }

  static std::string FirstLine(const std::string& text) {
    return Printable(text.substr(0, text.find('\n')));
  }

  void Line(const char* label, const std::string& value) {
    text_ += Pad(label, kLabelWidth) + " " + value + "\n";
  }

  static std::string Sources(const std::vector<Source>& sources) {
    std::string text;
    for (const Source& source : sources) {
      if (!text.empty()) text += "; ";
      text += std::string(ProvenanceName(source.provenance)) + " " +
              Printable(source.where);
    }
    return text;
  }

  void PrintStops() {
    const StopSet& stops = facts_.stops;
    if (stops.stops.empty() && stops.strings.empty()) {
      text_ += Paint("31", "a reply ends nowhere: no end is known") + "\n";
      return;
    }
    text_ += "a reply ends at\n";
    size_t texts = 0;
    size_t ids = 0;
    size_t roles = 0;
    for (const Stop& stop : stops.stops) {
      texts = std::max(texts, Width(Printable(stop.text)));
      ids = std::max(ids, std::to_string(stop.id).size());
      roles = std::max(roles, RoleInWords(stop.role).size());
    }
    for (const StopRole role : kStopRoles) {
      for (const Stop& stop : stops.stops) {
        if (stop.role != role) continue;
        const bool opens = role == StopRole::kTurnOpen;
        text_ +=
            "  " +
            Paint(opens ? "33" : "1;32", Pad(Printable(stop.text), texts)) +
            "  " + Pad(std::to_string(stop.id), ids) + "  " +
            Pad(std::string(RoleInWords(role)), roles) + "  " +
            Dim(Sources(stop.from)) + "\n";
      }
    }
    for (const std::string& string : stops.strings) {
      text_ += "  " + Paint("1;32", "the text " + Printable(string)) + "  " +
               Dim("derived: no token ends a turn") + "\n";
    }
  }

  std::string Begin() const {
    const BosPolicy& bos = facts_.bos;
    if (facts_.templates.empty()) return "nothing is known without a template";
    if (bos.written > 0) {
      return Printable(bos.text) + " (" + std::to_string(bos.id.value_or(0)) +
             "), written by the template" +
             (bos.written > 1 ? Paint("33", " twice") : "");
    }
    return bos.id ? "no BOS (" + Printable(bos.text) + " is declared)"
                  : std::string("no BOS");
  }

  static std::string Between(const std::optional<Marker>& opening,
                             const std::optional<Marker>& closing) {
    return (opening ? Printable(opening->text) : std::string("its start")) +
           " … " +
           (closing ? Printable(closing->text)
                    : std::string("the end of the turn"));
  }

  std::string Thought() const {
    const ReasoningMarkers& markers = facts_.reasoning;
    std::string text = Between(markers.opening, markers.closing);
    if (markers.prefilled) text += ", opened by the prompt";
    if (markers.answer) text += ", then " + Printable(markers.answer->text);
    return text;
  }

  std::string Sampling() const {
    std::string text;
    for (const SamplingDefault& sampling : facts_.sampling) {
      if (!text.empty()) text += ", ";
      text += Printable(sampling.name) + " " +
              Printable(sampling.value.dump(
                  -1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return text + Dim(" declared by the model's authors");
  }

  std::string Templates() const {
    if (facts_.templates.empty()) {
      return Paint("31", "none: give one with --template FILE to chat");
    }
    std::string text;
    for (const TemplateFact& fact : facts_.templates) {
      if (!text.empty()) text += "; ";
      text += Printable(fact.name) + ", " + std::to_string(fact.source.size()) +
              " bytes" + Dim(" " + Sources({fact.from}));
    }
    return text;
  }

  std::string Specials() const {
    size_t control = 0;
    for (const SpecialToken& token : facts_.specials) {
      control += token.control ? 1 : 0;
    }
    return std::to_string(facts_.specials.size()) + " special, " +
           std::to_string(control) +
           " of them recognised in template text only";
  }

  const ProtocolFacts& facts_;
  const bool colour_;
  std::string text_;
};

}  // namespace

std::string PrintProtocol(const ProtocolFacts& facts, bool colour) {
  return Printer(facts, colour).Print();
}

}  // namespace fullstop
