/* A phone for a web page: JsSIP speaks SIP over a secure WebSocket, the browser does the audio.

   const phone = new BrowserPhone({
     socket: "wss://pbx.example.com:7443", uri: "sip:ann@pbx.example.com", password: "…",
     audio: document.querySelector("audio"),
   });
   await phone.start();
   await phone.call("+15550001000");
*/
"use strict";

/* Resolves when keys can be sent in the audio: when it flows, and the browser says so. */
function audible(connection) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const ready = connection.getSenders().some(({ dtmf }) => dtmf?.canInsertDTMF);
      if (ready && connection.connectionState === "connected") resolve();
      else if (["failed", "closed"].includes(connection.connectionState)) reject(new Error("no connection"));
      else setTimeout(look, 20);
    };
    look();
  });
}

class BrowserPhone extends EventTarget {
  /* `audio`: the element that plays what is heard. `iceServers`: what POST …/Tokens.json of the node says.
     `microphone`: constraints of getUserMedia. */
  constructor({ socket, uri, password, audio, iceServers = [], iceTransportPolicy = "all", microphone = true }) {
    super();
    this.audio = audio;
    this.session = null;
    this.microphone = microphone;
    this.connection = { iceServers, iceTransportPolicy };
    this.agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(socket)],
      uri,
      password,
      register_expires: 300,
      session_timers: false,
    });
    this.agent.on("newRTCSession", ({ originator, session }) => this.#take(originator, session));
  }

  /* Resolves when the phone is registered: from then on it can be called as `client:NAME`. */
  start() {
    return new Promise((resolve, reject) => {
      this.agent.once("registered", () => resolve());
      this.agent.once("registrationFailed", ({ cause }) => reject(new Error(cause)));
      this.agent.start();
    });
  }

  stop() {
    this.agent.stop();
  }

  /* Resolves when somebody answers. */
  call(number) {
    const session = this.agent.call(number, this.#options());
    return new Promise((resolve, reject) => {
      session.once("confirmed", () => resolve());
      session.once("failed", ({ cause }) => reject(new Error(cause)));
    });
  }

  /* For an "incoming" event. */
  answer() {
    this.session.answer(this.#options());
  }

  hangUp() {
    this.session?.terminate();
  }

  hold() {
    return new Promise((resolve) => this.session.hold({}, resolve));
  }

  resume() {
    return new Promise((resolve) => this.session.unhold({}, resolve));
  }

  mute(on) {
    if (on) this.session.mute({ audio: true });
    else this.session.unmute({ audio: true });
  }

  /* `transport`: "RFC2833" (in the audio, once there is any) or "INFO" (in SIP). */
  async press(keys, transport = "RFC2833") {
    const session = this.session;
    if (transport === "RFC2833") await audible(session.connection);
    session.sendDTMF(keys, { transportType: transport });
  }

  /* Hand the other side over to somebody else. Resolves with whether that was accepted. */
  transfer(target) {
    return new Promise((resolve) => {
      this.session.refer(target, {
        eventHandlers: { accepted: () => resolve(true), failed: () => resolve(false), requestFailed: () => resolve(false) },
      });
    });
  }

  #options() {
    return {
      mediaConstraints: { audio: this.microphone, video: false },
      pcConfig: this.connection,
    };
  }

  #take(originator, session) {
    if (this.session) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    // The node needs none of our candidates: it learns where we are from our checks. So nothing waits for them.
    session.on("icecandidate", ({ ready }) => ready());
    session.on("peerconnection", ({ peerconnection }) => this.#listen(peerconnection));
    if (session.connection) this.#listen(session.connection);
    for (const end of ["ended", "failed"]) {
      session.on(end, ({ cause, originator: by }) => {
        this.session = null;
        this.audio.srcObject = null;
        this.dispatchEvent(new CustomEvent("ended", { detail: { cause, by } }));
      });
    }
    session.on("confirmed", () => this.dispatchEvent(new CustomEvent("talking")));
    if (originator === "remote") {
      const caller = session.remote_identity;
      this.dispatchEvent(new CustomEvent("incoming", { detail: { name: caller.display_name, uri: `${caller.uri}` } }));
    }
  }

  #listen(connection) {
    connection.addEventListener("track", ({ streams, track }) => {
      this.audio.srcObject = streams[0] ?? new MediaStream([track]);
      this.dispatchEvent(new CustomEvent("heard", { detail: this.audio.srcObject }));
    });
  }
}
