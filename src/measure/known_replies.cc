#include "measure/known_replies.h"

#include <array>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

struct Text {
  const char* prompt;
  const char* reply;
};

constexpr std::array kTexts = {
    Text{"Is the Earth flat?",
         "No, the Earth is not flat. It is round, almost like a ball. "
         "Photographs from space show this clearly."},
    Text{"水在多少度时结冰？",
         "在标准大气压下，水在零摄氏度时结冰。温度更低时，水会变成固体的冰。"},
    Text{"Name three primary colours.",
         "The three primary colours are red, yellow and blue."},
    Text{"Quelles sont les quatre saisons ?",
         "Les quatre saisons sont le printemps, l'été, l'automne et l'hiver."},
    Text{"Which animals lay eggs?",
         "Many animals lay eggs:\n\n- Birds\n- Most reptiles\n- Most fish\n- "
         "Insects"},
    Text{"日本の首都はどこですか。",
         "日本の首都は東京です。東京は日本で一番大きな都市です。"},
    Text{"What is 12 times 12?", "12 times 12 is 144."},
    Text{"Qual è la capitale d'Italia?",
         "La capitale d'Italia è Roma. È una città molto antica."},
    Text{"Why is the sky blue?",
         "Sunlight is made of many colours. The air scatters blue light more "
         "than red light, so blue reaches our eyes from every direction. That "
         "is why the sky looks blue."},
    Text{"¿Cuál es la capital de Francia y qué río pasa por ella?",
         "La capital de Francia es París. El río que pasa por la ciudad es el "
         "Sena."},
    Text{"How do I make a cup of tea?",
         "1. Boil some water.\n2. Put a tea bag in a cup.\n3. Pour the hot "
         "water over the tea bag.\n4. Wait for three minutes, then take the "
         "tea bag out."},
    Text{"Wie viele Tage hat ein Jahr?",
         "Ein normales Jahr hat 365 Tage. Ein Schaltjahr hat 366 Tage. Alle "
         "vier Jahre gibt es ein Schaltjahr."},
    Text{"What is the difference between a cat and a dog?",
         "Cats and dogs are both popular pets. Dogs are social animals that "
         "like to be with people and need to be walked. Cats are more "
         "independent and can be left alone for longer."},
    Text{"Сколько будет дважды два?",
         "Дважды два будет четыре. Это простое умножение."},
    Text{"Write a Python function that adds two numbers.",
         "```python\ndef add(a, b):\n    return a + b\n```\n\nThe function "
         "takes "
         "two numbers and returns their sum."},
    Text{"Quantos dias tem uma semana?",
         "Uma semana tem sete dias. O fim de semana é sábado e domingo."},
    Text{"What does the heart do?",
         "The heart pumps blood through the body. The blood carries oxygen "
         "and food to the organs and takes waste away."},
    Text{"ما هي عاصمة مصر؟",
         "عاصمة مصر هي القاهرة. تقع القاهرة على نهر النيل."},
    Text{"Who wrote Romeo and Juliet?",
         "Romeo and Juliet was written by William Shakespeare. It is a play "
         "about two young people who fall in love although their families are "
         "enemies."},
    Text{"대한민국의 수도는 어디입니까?",
         "대한민국의 수도는 서울입니다. 서울은 한강을 끼고 있습니다."},
    Text{
        "Give me a short poem about rain.",
        "The rain comes down on street and stone,\nIt sings a song that is "
        "its own.\nIt fills the river, wets the plain,\nAnd then the sun comes "
        "out again."},
    Text{"Hoeveel poten heeft een spin?",
         "Een spin heeft acht poten. Een insect heeft er maar zes."},
    Text{"Translate \"good morning\" into Italian.",
         "\"Good morning\" in Italian is \"buongiorno\"."},
    Text{"भारत की राजधानी क्या है?",
         "भारत की राजधानी नई दिल्ली है। यह यमुना नदी के किनारे बसी है।"},
};

Json UserMessage(const std::string& text) {
  return Json::array({{{"role", "user"}, {"content", text}}});
}

bool IsText(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string();
}

KnownReply FromJson(const Json& row) {
  if (!row.is_object()) throw Error::Format("it is no object");
  if (IsText(row, "prompt") && IsText(row, "reply")) {
    return {UserMessage(row["prompt"].get<std::string>()),
            row["reply"].get<std::string>()};
  }
  const auto messages = row.find("messages");
  const bool ends_well = messages != row.end() && messages->is_array() &&
                         messages->size() > 1 && messages->back().is_object() &&
                         IsText(messages->back(), "content") &&
                         IsText(messages->back(), "role") &&
                         messages->back()["role"] == "assistant";
  if (!ends_well) {
    throw Error::Format(
        "it has neither `prompt` and `reply` nor `messages` that end with the "
        "assistant's");
  }
  KnownReply known{*messages, messages->back()["content"].get<std::string>()};
  known.messages.erase(known.messages.size() - 1);
  return known;
}

}  // namespace

std::vector<KnownReply> KnownReplies() {
  std::vector<KnownReply> replies;
  for (const Text& text : kTexts) {
    replies.push_back({UserMessage(text.prompt), text.reply});
  }
  return replies;
}

std::vector<KnownReply> ReadKnownReplies(const std::string& path) {
  std::vector<KnownReply> replies;
  std::istringstream lines(ReadFile(path));
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json row = Json::parse(line, nullptr, false);
    try {
      if (row.is_discarded()) throw Error::Format("it is no JSON");
      replies.push_back(FromJson(row));
    } catch (const Error& error) {
      throw Error::Format("line " + std::to_string(number) + ": " +
                          error.message())
          .In(path)
          .Advice(R"(a line is {"prompt": "…", "reply": "…"})");
    }
  }
  if (replies.empty()) throw Error::Usage("there is no reply in it").In(path);
  return replies;
}

}  // namespace fullstop
