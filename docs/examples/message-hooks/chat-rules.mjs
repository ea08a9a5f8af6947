const CARD = /\b(?:\d[ -]?){15}\d\b/g;
const text = (content) => ({ type: 'text', data: Buffer.from(content) });

/** Stands for a service that is asked about a link and takes its time. */
async function isHarmless(link) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return !link.includes('phishing');
}

/** The rules of a chat: made once for each session. */
function rules(session) {
  return (message, direction) => {
    if (direction === 'to-client' || message.type === 'binary') return message;
    const content = Buffer.from(message.data).toString();
    // Answer: the backend never sees the question.
    if (content === '/time') {
      session.send('to-client', text(new Date().toISOString()));
      return undefined;
    }
    // Drop.
    if (content.trim() === '') return undefined;
    // Ask somebody else: the client's next messages wait, in order.
    const [link] = content.match(/https?:\S+/) ?? [];
    if (link !== undefined) return isHarmless(link).then((fine) => (fine ? message : text('[a link was removed]')));
    // Change. What is returned as it came costs the least.
    const redacted = content.replace(CARD, '****');
    return redacted === content ? message : text(redacted);
  };
}

/** Decides about the messages of routes with `"Metadata": { "rules": "chat" }`. */
export function chatRules() {
  return {
    name: 'chat-rules',
    setup(registry) {
      registry.tap({
        name: 'chat-rules',
        forRoute: (route) => (route.metadata.rules === 'chat' ? { message: rules } : undefined),
      });
    },
  };
}
