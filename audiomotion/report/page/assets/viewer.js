"use strict";

/* The viewer: one clock, one camera and one clip for all arms. */

(() => {
  const root = document.getElementById("viewer");
  const source = document.getElementById("viewer-data");
  if (!root || !source) return;
  const data = JSON.parse(source.textContent);
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const all = (name) => [...root.querySelectorAll(`[data-part="${name}"]`)];
  const [play, scrub, time, speed, follow] =
    ["play", "scrub", "time", "speed", "follow"].map(find);
  const [stage, announce] = ["stage", "announce"].map(find);
  const panels = all("panel").map((figure) => ({
    figure,
    canvas: figure.querySelector("canvas"),
    note: figure.querySelector("[data-part=note]"),
    name: figure.dataset.arm,
  }));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const HOLD = 0.7; // seconds that the last pose stays before the clip begins again
  const START = { yaw: -0.5, pitch: 0.26, distance: 3.55 };
  const state = { scene: 0, seconds: 0, playing: false, view: { ...START }, visible: true };
  let [colours, motions, bounds, last, told] = [{}, [], null, null, -1];

  const scene = () => data.scenes[state.scene];
  const skeleton = () => data.skeletons[scene().skeleton];
  const shown = () => motions.filter(Boolean);
  const duration = () =>
    Math.max(...shown().map((motion) => motion.frames - 1)) / skeleton().fps;

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["line", "ink", "accent", "left", "right", "middle", "surface"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  /* The ground that all motions of the clip cover together: seen whole where nothing follows. */
  function covered() {
    const [low, high] = [[0, 0], [0, 0]];
    for (const motion of shown()) {
      for (let frame = 0; frame < motion.frames; frame += 1) {
        const [x, , z] = rootAt(motion, frame);
        [x, z].forEach((value, axis) => {
          low[axis] = Math.min(low[axis], value);
          high[axis] = Math.max(high[axis], value);
        });
      }
    }
    const size = Math.hypot(high[0] - low[0], high[1] - low[1]);
    return { target: [(low[0] + high[0]) / 2, 0, (low[1] + high[1]) / 2], size };
  }

  function draw() {
    const frame = Math.min(state.seconds, duration()) * skeleton().fps;
    const following = follow.checked;
    panels.forEach((panel, place) => {
      const motion = motions[place];
      if (!motion) return;
      const own = Math.min(frame, motion.frames - 1);
      const target = following ? rootBetween(motion, own) : bounds.target;
      const distance = state.view.distance + (following ? 0 : bounds.size * 0.9);
      drawMotion(panel.canvas, motion, skeleton(), own, { ...state.view, distance }, target, colours);
    });
    stage.dataset.frame = frame.toFixed(2);
    showTime();
  }

  function rootBetween(motion, frame) {
    const [before, after] = [rootAt(motion, frame), rootAt(motion, frame + 1)];
    const share = frame - Math.floor(frame);
    return before.map((value, axis) => value + share * (after[axis] - value));
  }

  function showTime() {
    const seconds = Math.min(state.seconds, duration());
    scrub.value = String(seconds);
    time.textContent = `${seconds.toFixed(1)} / ${duration().toFixed(1)} s`;
    const whole = Math.floor(seconds * 2); // a screen reader needs no sixty texts a second
    if (whole !== told) {
      told = whole;
      scrub.setAttribute("aria-valuetext",
        `${seconds.toFixed(1)} of ${duration().toFixed(1)} seconds`);
    }
  }

  function tick(now) {
    if (!state.playing || !state.visible) {
      last = null;
      return;
    }
    if (last !== null) {
      // After a pause of the browser the clip goes on where it was.
      const passed = Math.min((now - last) / 1000, 0.25);
      state.seconds += passed * Number(speed.value);
      if (state.seconds > duration() + HOLD) state.seconds = 0;
    }
    last = now;
    draw();
    requestAnimationFrame(tick);
  }

  function setPlaying(wanted) {
    const starts = wanted && !(state.playing && last !== null);
    state.playing = wanted;
    play.dataset.playing = String(wanted);
    play.querySelector("span").textContent = wanted ? "Pause" : "Play";
    if (wanted && state.seconds >= duration()) state.seconds = 0;
    if (starts) requestAnimationFrame(tick);
  }

  function seek(seconds) {
    state.seconds = Math.min(Math.max(seconds, 0), duration());
    draw();
  }

  function choose(place) {
    state.scene = place;
    state.seconds = 0;
    all("clip").forEach((clip, number) => {
      clip.hidden = number !== place;
      if (number !== place) clip.querySelectorAll("audio").forEach((audio) => audio.pause());
    });
    motions = panels.map((panel) => {
      const answer = scene().answers[panel.name];
      panel.figure.classList.toggle("absent", !answer);
      panel.canvas.setAttribute("aria-label", answer ? answer.described : scene().absent);
      panel.note.textContent = answer ? answer.note : scene().absent;
      if (!answer) panel.canvas.getContext("2d").clearRect(0, 0, 9999, 9999);
      return answer ? unpacked(answer.motion, skeleton().parents.length) : null;
    });
    bounds = covered();
    scrub.max = String(duration());
    draw();
  }

  function turn(yaw, pitch, closer) {
    const view = state.view;
    view.yaw += yaw;
    view.pitch = Math.min(Math.max(view.pitch + pitch, -0.05), 1.45);
    view.distance = Math.min(Math.max(view.distance * closer, 1.8), 14);
    draw();
  }

  function look() {
    state.view = { ...START };
    draw();
  }

  const STEP = Math.PI / 12;
  const TURNS = {
    ArrowLeft: [STEP, 0, 1], ArrowRight: [-STEP, 0, 1], ArrowUp: [0, STEP / 2, 1],
    ArrowDown: [0, -STEP / 2, 1], "+": [0, 0, 0.85], "=": [0, 0, 0.85], "-": [0, 0, 1 / 0.85],
  };

  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in TURNS) turn(...TURNS[event.key]);
    else if (event.key === "0") look();
    else if (event.key === " ") setPlaying(!state.playing);
    else if (event.key === "," || event.key === ".") {
      setPlaying(false);
      seek(state.seconds + (event.key === "." ? 1 : -1) / skeleton().fps);
    } else return;
    event.preventDefault();
  });

  panels.forEach(({ canvas }) => {
    let [x, y] = [0, 0]; // not movementX, which some browsers leave at 0 for a finger
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      [x, y] = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      // Up and down a finger scrolls the page.
      const up = event.pointerType === "touch" ? 0 : event.clientY - y;
      turn((x - event.clientX) * 0.01, up * 0.008, 1);
      [x, y] = [event.clientX, event.clientY];
    });
  });

  all("turn").forEach((button) => button.addEventListener("click", () => {
    if (button.value === "0") look();
    else turn(...TURNS[button.value]);
  }));
  play.addEventListener("click", () => setPlaying(!state.playing));
  scrub.addEventListener("input", () => {
    setPlaying(false);
    seek(Number(scrub.value));
  });
  follow.addEventListener("change", draw);
  all("choice").forEach((radio, place) => radio.addEventListener("change", () => {
    choose(place);
    announce.textContent = `Clip ${place + 1} of ${data.scenes.length}: ${scene().told}`;
    if (!still.matches) setPlaying(true);
  }));

  function restyle() {
    readColours();
    draw();
  }
  new MutationObserver(restyle).observe(document.documentElement, {
    attributes: true, attributeFilter: ["data-theme"],
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  window.addEventListener("beforeprint", restyle);
  window.addEventListener("afterprint", restyle);
  new ResizeObserver(draw).observe(stage);
  new IntersectionObserver(([entry]) => {
    const comes = entry.isIntersecting && !state.visible;
    state.visible = entry.isIntersecting;
    if (comes && state.playing) requestAnimationFrame(tick);
  }).observe(stage);

  root.classList.add("ready");
  readColours();
  const chosen = all("choice").findIndex((radio) => radio.checked);
  choose(Math.max(chosen, 0));
  // Who wants less motion gets a pose from the middle, and decides.
  if (still.matches) seek(duration() / 2);
  else setPlaying(true);
})();
