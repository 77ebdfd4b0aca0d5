#include "measure/variants.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

// What stands around the words of a user and of an assistant.
struct Dress {
  const char* name;
  // A text by which a template that writes this form is known.
  const char* mark;
  const char* before_user;
  const char* before_reply;
  const char* behind_reply;
};

constexpr std::array kDresses = {
    Dress{"as ChatML", "<|im_start|>", "<|im_start|>user\n",
          "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n"},
    Dress{"as Llama 2's form", "[INST]", "[INST] ", " [/INST] ", "</s>"},
    Dress{"as plain speakers", "User:", "User: ", "\nAssistant: ", "\n"},
};

std::string Text(const nlohmann::ordered_json& message) {
  const auto content = message.find("content");
  const bool is_text = content != message.end() && content->is_string();
  return is_text ? content->get<std::string>() : std::string();
}

// KNOWN's prompt in DRESS; its control tokens are recognised in the dress
// alone.
std::optional<ForcedText> Dressed(const TurnProtocol& protocol,
                                  const Dress& dress, const KnownReply& known) {
  std::string text;
  std::vector<ByteRange> control;
  const auto write = [&](std::string_view part) {
    control.push_back({text.size(), text.size() + part.size()});
    text += part;
  };
  for (const auto& message : known.messages) {
    const std::string role = message.value("role", "");
    if (role == "assistant") {
      write(dress.before_reply);
      text += Text(message);
      write(dress.behind_reply);
    } else {
      if (role == "user") write(dress.before_user);
      text += Text(message);
    }
  }
  write(dress.before_reply);
  const Tokenizer& tokenizer = *protocol.tokenizer();
  ForcedText forced;
  if (protocol.facts().bos.id) forced.ids.push_back(*protocol.facts().bos.id);
  const auto append = [&forced](const std::vector<TokenId>& ids) {
    forced.ids.insert(forced.ids.end(), ids.begin(), ids.end());
  };
  append(tokenizer.Encode(text, {.control_ranges = control,
                                 .extra_control = protocol.extra_control()}));
  forced.prompt = forced.ids.size();
  append(tokenizer.Encode(known.reply));
  if (forced.prompt == 0 || forced.prompt == forced.ids.size()) {
    return std::nullopt;
  }
  return forced;
}

bool Writes(const TurnProtocol& protocol, const char* mark) {
  return std::ranges::any_of(
      protocol.facts().templates, [mark](const TemplateFact& each) {
        return each.source.find(mark) != std::string::npos;
      });
}

// TEXT with the ids BEFORE put in front of its reply.
ForcedText BeforeReply(ForcedText text, const std::vector<TokenId>& before) {
  text.ids.insert(text.ids.begin() + static_cast<ptrdiff_t>(text.prompt),
                  before.begin(), before.end());
  text.prompt += before.size();
  return text;
}

}  // namespace

std::vector<Variant> VariantsOf(const TurnProtocol& protocol) {
  const TurnProtocol* p = &protocol;
  std::vector<Variant> variants;
  for (const Dress& dress : kDresses) {
    if (Writes(protocol, dress.mark)) continue;
    variants.push_back({dress.name, [p, &dress](const KnownReply& known) {
                          return Dressed(*p, dress, known);
                        }});
  }
  if (const std::optional<TokenId> bos = protocol.facts().bos.id) {
    variants.push_back({"with one BOS more", [p, bos](const KnownReply& known) {
                          auto text = RenderForced(*p, known);
                          if (!text) return text;
                          text->ids.insert(text->ids.begin(), *bos);
                          ++text->prompt;
                          return text;
                        }});
    variants.push_back({"without BOS", [p, bos](const KnownReply& known) {
                          auto text = RenderForced(*p, known);
                          if (!text || text->ids.front() != *bos ||
                              text->prompt < 2) {
                            return std::optional<ForcedText>();
                          }
                          text->ids.erase(text->ids.begin());
                          --text->prompt;
                          return text;
                        }});
  }
  constexpr std::array<std::pair<const char*, const char*>, 2> kBefore = {
      {{"with a space before the reply", " "},
       {"with a line before the reply", "\n"}}};
  for (const auto& [name, before] : kBefore) {
    variants.push_back(
        {name, [p, before](const KnownReply& known) {
           auto text = RenderForced(*p, known);
           if (!text) return text;
           return std::optional(
               BeforeReply(*std::move(text), p->tokenizer()->Encode(before)));
         }});
  }
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  if (markers.opening && !markers.switch_name.empty()) {
    variants.push_back({"with thinking left on", [p](const KnownReply& known) {
                          return RenderForced(*p, known, Thinking::kOn);
                        }});
  }
  return variants;
}

}  // namespace fullstop
