// Every control token of a published template, typed into every field of a
// request: none may come out as a control id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "protocol/published_templates.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// Draws requests whose every text and key is made of the given tokens.
class HostileWriter {
 public:
  HostileWriter(const TurnProtocol& protocol, uint32_t seed) : random_(seed) {
    for (const SpecialToken& token : protocol.facts().specials) {
      if (token.control) tokens_.push_back(token.text);
    }
    variables_ = protocol.TemplateFor(true).undeclared();
  }

  RenderRequest Draw() {
    RenderRequest request;
    request.messages = Conversation();
    request.add_generation_prompt = Chance(2);
    if (Chance(2)) request.tools = ordered_json::array({Tool(), Tool()});
    if (Chance(4)) {
      request.documents =
          ordered_json::array({{{"title", Text()}, {Text(), Text()}}});
    }
    const bool all = Chance(3);
    for (const std::string& name : variables_) {
      const bool own = name != "messages" && name != "tools" &&
                       name != "documents" && name != "add_generation_prompt";
      if (!own || !(all || Chance(4))) continue;
      request.variables[name] = Chance(2)
                                    ? ordered_json(Text())
                                    : ordered_json::array({Text(), Text()});
    }
    if (Chance(3)) request.prefill = Text();
    request.now = [] { return std::time_t{0}; };
    return request;
  }

 private:
  bool Chance(uint32_t one_in) { return random_() % one_in == 0; }
  std::string Text() {
    std::string text;
    for (uint32_t i = 0; i <= random_() % 3; ++i) {
      text += tokens_[random_() % tokens_.size()];
      if (Chance(2)) text += "user\n";
    }
    return text;
  }

  ordered_json Message(const char* role) {
    ordered_json message = {{"role", role}, {"content", Text()}};
    if (Chance(8)) {
      message["content"] = ordered_json::array(
          {{{"type", "text"}, {"text", Text()}},
           {{"type", "text"}, {Text(), Text()}, {"text", Text()}}});
    }
    if (Chance(8)) message["role"] = Text();
    if (Chance(6)) message["name"] = Text();
    if (Chance(8)) message[Text()] = Text();
    return message;
  }

  ordered_json Call() {
    ordered_json arguments = {{Text(), Text()},
                              {"deep", {{Text(), {Text(), 1, nullptr}}}}};
    ordered_json call = {{"id", Chance(2) ? "abcdefghi" : Text()},
                         {"type", Chance(4) ? Text() : "function"},
                         {"function", {{"name", Text()}}}};
    call["function"]["arguments"] =
        Chance(3) ? ordered_json(Text()) : std::move(arguments);
    return call;
  }

  ordered_json Conversation() {
    ordered_json messages = ordered_json::array();
    if (Chance(2)) messages.push_back(Message("system"));
    for (uint32_t i = 0; i <= random_() % 2; ++i) {
      messages.push_back(Message("user"));
      ordered_json answer = Message("assistant");
      for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
        if (Chance(3)) answer[name] = Text();
      }
      if (Chance(2)) {
        answer["tool_calls"] = ordered_json::array({Call()});
        if (Chance(2)) answer["tool_calls"].push_back(Call());
        if (Chance(2)) answer["content"] = Chance(2) ? ordered_json() : "";
        messages.push_back(answer);
        messages.push_back(Message("tool"));
        messages.back()["tool_call_id"] = Chance(2) ? "abcdefghi" : Text();
      } else {
        messages.push_back(answer);
      }
    }
    if (Chance(2)) messages.push_back(Message("user"));
    return messages;
  }

  ordered_json Tool() {
    const std::string parameter = Text();
    return {{"type", Chance(4) ? Text() : "function"},
            {"function",
             {{"name", Text()},
              {"description", Text()},
              {"parameters",
               {{"type", "object"},
                {"properties",
                 {{parameter,
                   {{"type", "string"},
                    {"description", Text()},
                    {"default", Text()},
                    {"enum", {Text(), Text()}}}}}},
                {"required", {parameter}}}}}}};
  }

  std::mt19937 random_;
  std::vector<std::string> tokens_;
  std::vector<std::string> variables_;
};

// Whether bytes [BEGIN, END) are all the template's.
bool IsTemplate(const RenderedPrompt& prompt, size_t begin, size_t end) {
  return std::all_of(prompt.spans.begin(), prompt.spans.end(),
                     [&](const TextSpan& span) {
                       return span.origin == OriginKind::kTemplate ||
                              span.end <= begin || span.begin >= end;
                     });
}

TEST(HostileInputTest, NoControlIdOutsideTemplateBytes) {
  if (!std::filesystem::exists(PublishedTemplates())) {
    GTEST_SKIP() << "no templates in " << PublishedTemplates()
                 << "; name their folder's parent by FULLSTOP_DATA";
  }
  constexpr int kRequests = 200;
  for (const auto& entry :
       std::filesystem::directory_iterator(PublishedTemplates())) {
    const auto protocol = PublishedModel(entry.path()).Resolve();
    HostileWriter writer(*protocol, 17);
    int rendered = 0;
    for (int i = 0; i < kRequests; ++i) {
      RenderedPrompt prompt;
      try {
        prompt = Render(*protocol, writer.Draw());
      } catch (const Error&) {
        continue;  // the template refuses such a conversation
      }
      ++rendered;
      for (const EncodedToken& token : prompt.ids) {
        ASSERT_TRUE(!protocol->IsControl(token.id) ||
                    IsTemplate(prompt, token.source.begin, token.source.end))
            << entry.path().stem() << ", request " << i << ", id " << token.id
            << " at byte " << token.source.begin;
      }
    }
    EXPECT_GE(rendered, kRequests / 40) << entry.path().stem();
  }
}

}  // namespace
}  // namespace fullstop
