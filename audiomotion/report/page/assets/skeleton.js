"use strict";

/* A moving skeleton on a canvas: perspective, bones by depth, ground, path and shadow.
   Metres, Y up. The camera looks at a point 0.92 m above the ground that follows the hips. */

const NEAR = 0.25; // metres in front of the camera where drawing begins
const LOOKED_AT = 0.92; // metres above the ground
const GROUND = 4; // metres of grid around the body

function unpacked(motion, numJoints) {
  const text = atob(motion.data);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const values = new Float32Array(bytes.length / 2);
  for (let place = 0; place < values.length; place += 1) {
    values[place] = view.getInt16(2 * place, true) * motion.unit;
  }
  return { frames: motion.frames, values, numJoints };
}

/* The pose at a time between two frames; the last one stays. */
function poseAt(motion, frame) {
  const width = motion.numJoints * 3;
  const first = Math.min(Math.floor(frame), motion.frames - 1);
  const second = Math.min(first + 1, motion.frames - 1);
  const share = Math.min(Math.max(frame - first, 0), 1);
  const pose = [];
  for (let joint = 0; joint < motion.numJoints; joint += 1) {
    const point = [0, 1, 2].map((axis) => {
      const before = motion.values[first * width + joint * 3 + axis];
      const after = motion.values[second * width + joint * 3 + axis];
      return before + share * (after - before);
    });
    pose.push(point);
  }
  return pose;
}

function rootAt(motion, frame) {
  const place = Math.min(Math.floor(frame), motion.frames - 1) * motion.numJoints * 3;
  return [motion.values[place], 0, motion.values[place + 2]];
}

function makeCamera(width, height, view, target) {
  const [sinYaw, cosYaw] = [Math.sin(view.yaw), Math.cos(view.yaw)];
  const [sinPitch, cosPitch] = [Math.sin(view.pitch), Math.cos(view.pitch)];
  const focal = Math.min(height, width * 1.35) * 1.28;
  return (point) => {
    const [dx, dy, dz] = [point[0] - target[0], point[1] - target[1], point[2] - target[2]];
    const across = cosYaw * dx - sinYaw * dz;
    const towards = sinYaw * dx + cosYaw * dz;
    const up = cosPitch * dy - sinPitch * towards;
    const depth = view.distance - (sinPitch * dy + cosPitch * towards);
    const scale = focal / Math.max(depth, NEAR);
    return { x: width / 2 + across * scale, y: height * 0.5 - up * scale, depth, scale };
  };
}

function line(context, from, to) {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

function drawGround(context, camera, target, colours) {
  const [middleX, middleZ] = [Math.round(target[0]), Math.round(target[2])];
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  for (let at = -GROUND; at <= GROUND; at += 1) {
    for (let step = -GROUND; step < GROUND; step += 1) {
      const lines = [
        [[middleX + at, 0, middleZ + step], [middleX + at, 0, middleZ + step + 1]],
        [[middleX + step, 0, middleZ + at], [middleX + step + 1, 0, middleZ + at]],
      ];
      for (const [first, second] of lines) {
        const away = Math.hypot(
          (first[0] + second[0]) / 2 - target[0], (first[2] + second[2]) / 2 - target[2]);
        const [from, to] = [camera(first), camera(second)];
        if (from.depth < NEAR || to.depth < NEAR || away > GROUND) continue;
        context.globalAlpha = 1 - away / GROUND;
        line(context, from, to);
      }
    }
  }
  context.globalAlpha = 1;
}

/* Where the hips went, and faintly where they will go. */
function drawPath(context, camera, motion, frame, colours) {
  context.lineCap = "round";
  context.strokeStyle = colours.accent;
  for (let place = 0; place < motion.frames - 1; place += 1) {
    const [from, to] = [camera(rootAt(motion, place)), camera(rootAt(motion, place + 1))];
    if (from.depth < NEAR || to.depth < NEAR) continue;
    context.globalAlpha = place < frame ? 0.9 : 0.25;
    context.lineWidth = place < frame ? 2.5 : 1.5;
    line(context, from, to);
  }
  context.globalAlpha = 1;
}

function drawShadow(context, camera, pose, skeleton, colours) {
  context.strokeStyle = colours.ink;
  context.lineCap = "round";
  context.globalAlpha = 0.13;
  context.beginPath();
  let scale = 1;
  skeleton.parents.forEach((parent, joint) => {
    if (parent < 0) return;
    const from = camera([pose[parent][0], 0, pose[parent][2]]);
    const to = camera([pose[joint][0], 0, pose[joint][2]]);
    if (from.depth < NEAR || to.depth < NEAR) return;
    scale = to.scale;
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
  });
  context.lineWidth = Math.max(2, 0.09 * scale);
  context.stroke();
  context.globalAlpha = 1;
}

/* An arrow on the ground that shows where the body faces. */
function drawFacing(context, camera, pose, skeleton, colours) {
  const [rightHip, leftHip] = [pose[skeleton.face[0]], pose[skeleton.face[1]]];
  const across = [rightHip[0] - leftHip[0], rightHip[2] - leftHip[2]];
  const length = Math.hypot(across[0], across[1]);
  if (length < 1e-4) return;
  const ahead = [across[1] / length, -across[0] / length];
  const at = (forward, side) => camera([
    pose[0][0] + ahead[0] * forward - ahead[1] * side, 0,
    pose[0][2] + ahead[1] * forward + ahead[0] * side]);
  const corners = [at(0.62, 0), at(0.3, 0.075), at(0.37, 0), at(0.3, -0.075)];
  if (corners.some((corner) => corner.depth < NEAR)) return;
  context.fillStyle = colours.accent;
  context.globalAlpha = 0.75;
  context.beginPath();
  corners.forEach((corner) => context.lineTo(corner.x, corner.y));
  context.fill();
  context.globalAlpha = 1;
}

function drawTrunk(context, points, skeleton, colours) {
  context.fillStyle = colours.middle;
  context.globalAlpha = 0.22;
  context.beginPath();
  const [rightHip, leftHip, rightShoulder, leftShoulder] = skeleton.face;
  [rightHip, leftHip, leftShoulder, rightShoulder].forEach((joint) =>
    context.lineTo(points[joint].x, points[joint].y));
  context.fill();
  context.globalAlpha = 1;
}

function drawBody(context, points, skeleton, colours) {
  const colourOf = { L: colours.left, R: colours.right, M: colours.middle };
  const bones = skeleton.parents
    .map((parent, joint) => ({ parent, joint }))
    .filter(({ parent, joint }) => parent >= 0 && joint !== skeleton.head)
    .map((bone) => ({ ...bone, depth: points[bone.parent].depth + points[bone.joint].depth }))
    .sort((one, other) => other.depth - one.depth);
  for (const { parent, joint } of bones) {
    const [from, to] = [points[parent], points[joint]];
    if (from.depth < NEAR || to.depth < NEAR) continue;
    const thick = Math.max(3, (skeleton.trunk.includes(joint) ? 0.085 : 0.07) * to.scale);
    context.lineCap = "butt"; // a round rim would cut the bone that it hangs on
    context.strokeStyle = colours.surface;
    context.lineWidth = thick + 3;
    line(context, from, to);
    context.lineCap = "round";
    context.strokeStyle = colourOf[skeleton.sides[joint]];
    context.lineWidth = thick;
    line(context, from, to);
  }
  const head = points[skeleton.head];
  const neck = points[skeleton.parents[skeleton.head]];
  context.beginPath();
  context.arc((2 * head.x + neck.x) / 3, (2 * head.y + neck.y) / 3 - 0.02 * head.scale,
    Math.max(4, 0.12 * head.scale), 0, 2 * Math.PI);
  context.fillStyle = colours.middle;
  context.strokeStyle = colours.surface;
  context.lineWidth = 1.5;
  context.fill();
  context.stroke();
}

/* Draw one motion at one frame; `target` is what the camera looks at on the ground. */
function drawMotion(canvas, motion, skeleton, frame, view, target, colours) {
  const density = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [wide, high] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  const camera = makeCamera(width, height, view, [target[0], LOOKED_AT, target[2]]);
  drawGround(context, camera, target, colours);
  drawPath(context, camera, motion, frame, colours);
  const pose = poseAt(motion, frame);
  drawShadow(context, camera, pose, skeleton, colours);
  drawFacing(context, camera, pose, skeleton, colours);
  const points = pose.map(camera);
  drawTrunk(context, points, skeleton, colours);
  drawBody(context, points, skeleton, colours);
}
